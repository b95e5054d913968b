# SPDX-License-Identifier: Apache-2.0
# Part of partition-cli. See LICENSE and CONTRIBUTING.md.
"""Registries in databases that aren't as usual."""

from __future__ import annotations

import asyncio

import psycopg

from partition_router import RegistryError, RegistryErrorCode, Router, open_registry

from .cases import DatabaseCase
from .maps import EVENTS
from .servers import execute, monthly, rotate
from .test_routing import quiet


class Databases(DatabaseCase):
    def encoded(self, name: str, encoding: str) -> str:
        with self.database.connect() as connection:
            execute(connection, f"CREATE DATABASE {name} ENCODING '{encoding}' LOCALE 'C' TEMPLATE template0")
        return f"postgres://postgres@127.0.0.1:{self.database.port}/{name}"

    def test_encodings(self) -> None:
        for encoding in ("SQL_ASCII", "LATIN1"):
            with self.subTest(encoding):
                table = f"in_{encoding.lower()}"
                url = self.encoded(table, encoding)
                with self.database.connect() as connection:
                    monthly(connection, table, "at date NOT NULL")
                rotate(self.database, url, table)
                with Router(table, open_registry(url, {}), logger=quiet()) as router:
                    self.assertTrue(router.wait(timeout=60))
                    version = router.version or 0
                    rotate(self.database, url, table, buffer_days=200)
                    self.assertTrue(router.wait(version + 1, timeout=60))

    def test_what_the_server_says_is_told(self) -> None:
        async def body() -> None:
            await open_registry(f"postgres://postgres:hunter2@127.0.0.1:{self.database.port}/nowhere", {}).load(EVENTS)

        with self.assertRaises(RegistryError) as raised:
            asyncio.run(body())
        self.assertIn('database "nowhere" does not exist', str(raised.exception))
        self.assertNotIn("hunter2", str(raised.exception))

    def test_rows_that_no_registry_has(self) -> None:
        url = self.encoded("odd", "UTF8")
        good = {
            "version": "1", "checksum": "repeat('a', 64)", "size": "2", "chunks": "1", "system_identifier": "'7'",
            "database": "'d'", "timeline": "1", "lsn": "'0/1'", "document": "'{}'::bytea",
        }  # fmt: skip
        with psycopg.connect(url, autocommit=True) as connection:
            connection.execute("CREATE SCHEMA partition_registry")
            for column, value in (
                ("document", "NULL::bytea"), ("document", "'{}'::text"), ("document", "7"), ("version", "NULL::int"),
                ("checksum", "7"), ("checksum", "NULL::text"), ("database", "ARRAY[1]"), ("lsn", "true"),
            ):  # fmt: skip
                columns = ", ".join(f"{value} AS {name}" for name, value in (good | {column: value}).items())
                execute(connection, f"CREATE VIEW partition_registry.map AS SELECT 'events'::text AS entity, {columns}")
                with self.subTest(column=column, value=value), self.assertRaises(RegistryError) as raised:
                    asyncio.run(self._load(url))
                self.assertIn(raised.exception.code, (RegistryErrorCode.CORRUPT, RegistryErrorCode.UNREACHABLE))
                connection.execute("DROP VIEW partition_registry.map")

    async def _load(self, url: str) -> None:
        registry = open_registry(url, {})
        try:
            await registry.load(EVENTS)
        finally:
            await registry.close()
