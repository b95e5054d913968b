# SPDX-License-Identifier: Apache-2.0
# Part of partition-cli. See LICENSE and CONTRIBUTING.md.
"""What the real partition-cli publishes: this client's answers held against PostgreSQL's own routing."""

from __future__ import annotations

import asyncio
import datetime
from typing import Any

import psycopg
import psycopg.sql

from partition_router import MissReason, Router, RoutingMiss, open_registry

from .cases import DatabaseCase
from .servers import Store, execute, monthly, rotate, started
from .test_routing import quiet

#: The stores that partition-cli publishes to.
PUBLISHED = ("redis", "postgres", "etcd", "consul")

#: A row every seven hours, through the partitions and beyond them.
_HOURS = "generate_series(date_trunc('month', now()) - interval '40 days', now() + interval '75 days', interval '7 hours') at"


class Published(DatabaseCase):
    def table(self, name: str, kind: str, zone: str) -> psycopg.Connection[Any]:
        connection = self.database.connect()
        self.addCleanup(connection.close)
        connection.execute("SELECT set_config('TimeZone', %s, false)", (zone,))
        # An identity isn't one in the partitions themselves before PostgreSQL 17; a default is.
        execute(connection, f"CREATE SEQUENCE {name}_id")
        monthly(connection, name, f"id bigint NOT NULL DEFAULT nextval('{name}_id'), at {kind} NOT NULL, payload text")
        return connection

    def store(self, name: str) -> Store:
        if name == "postgres":
            return self.database
        server = started(name)
        self.addCleanup(server.stop)
        return server

    def test_every_store(self) -> None:
        for store in PUBLISHED:
            for kind, zone in (("timestamptz", "Europe/Paris"), ("timestamptz", "UTC"), ("date", "UTC"), ("timestamp", "UTC")):
                with self.subTest(store=store, kind=kind, zone=zone):
                    self._against_the_server(store, kind, zone)

    def _against_the_server(self, store: str, kind: str, zone: str) -> None:
        server = self.store(store)
        name = f"{store}_{kind}_{zone[:3].lower()}"
        connection = self.table(name, kind, zone)
        rotate(self.database, server.url, name, f"--timezone={zone}")
        with Router(name, open_registry(server.url, {}), logger=quiet()) as router:
            self.assertTrue(router.wait(timeout=60))
            covered = execute(
                connection,
                f"SELECT at::{kind} FROM {_HOURS} WHERE at::{kind} >= (SELECT date_trunc('month', now()) - interval '1 month')"
                f" AND at < now() + interval '60 days'"
            ).fetchall()
            insert = psycopg.sql.SQL("INSERT INTO {} (at) VALUES (%s)").format(psycopg.sql.Identifier(name))
            connection.cursor().executemany(insert, covered)
            rows = execute(connection, f"SELECT at, tableoid::regclass::text FROM {name} ORDER BY at").fetchall()
            self.assertGreater(len(rows), 200)
            for at, leaf in rows:
                self.assertEqual(router.resolve(at).name, leaf, at)
            far = rows[-1][0] + datetime.timedelta(days=400)
            with self.assertRaises(RoutingMiss) as raised:
                router.resolve(far)
            self.assertEqual(raised.exception.reason, MissReason.UNCOVERED)
            # More partitions, in a version that follows.
            version = router.version or 0
            rotate(self.database, server.url, name, f"--timezone={zone}", buffer_days=500)
            self.assertTrue(router.wait(version + 1, timeout=60))
            self.assertNotEqual(router.resolve(far).name, rows[-1][1])

    def test_asyncio(self) -> None:
        connection = self.table("async_orders", "date", "UTC")
        rotate(self.database, self.database.url, "async_orders")

        async def body() -> None:
            router = Router("async_orders", open_registry(self.database.url, {}))
            running = asyncio.create_task(router.run())
            async with asyncio.timeout(60):
                async for _ in router.versions():
                    break
            link = await psycopg.AsyncConnection.connect(self.database.url, autocommit=True)
            today = datetime.date.today()
            days = [today + datetime.timedelta(days=n) for n in range(40)]
            for partition, group in router.group(days, lambda day: day).groups:
                statement = psycopg.sql.SQL("INSERT INTO {} (at) VALUES (%s)").format(
                    psycopg.sql.Identifier(partition.schema, partition.name)
                )
                async with link.cursor() as cursor:
                    await cursor.executemany(statement, [(day,) for day in group])
            await link.close()
            running.cancel()
            await asyncio.gather(running, return_exceptions=True)

        asyncio.run(body())
        self._check(connection, "async_orders", 40)

    def _check(self, connection: psycopg.Connection[Any], table: str, count: int) -> None:
        """All rows are there, in more than one partition, and none in the wrong one: that none was is the partitions' own work."""
        row = execute(connection, f"SELECT count(*), count(DISTINCT tableoid) FROM {table}").fetchone()
        assert row is not None
        self.assertEqual(row[0], count)
        self.assertGreaterEqual(row[1], 2)
