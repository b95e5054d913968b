# SPDX-License-Identifier: Apache-2.0
# Part of partition-cli. See LICENSE and CONTRIBUTING.md.
"""The readers of all stores, on the real servers."""

from __future__ import annotations

import asyncio
import importlib
import json
import logging
import unittest
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from typing import ClassVar
from unittest import mock

from partition_router import (
    EntityName,
    Hint,
    RegistryError,
    RegistryErrorCode,
    Registry,
    Router,
    open_registry,
)
from partition_router.reload import Timing

from .maps import EVENTS, daily, fields
from .servers import STORES, Consul, Etcd, Postgres, Redis, Store, eventually, started
from .test_routing import Counted


class Logged(logging.Handler):
    """What a router said."""

    def __init__(self) -> None:
        super().__init__()
        self.texts: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        self.texts.append(record.getMessage())


class StoreTests:
    """Holds the case that each store inherits, so that by itself it is no test."""

    class Case(unittest.TestCase):
        store: ClassVar[str]
        server: ClassVar[Store]

        @classmethod
        def setUpClass(cls) -> None:
            cls.server = started(cls.store)

        @classmethod
        def tearDownClass(cls) -> None:
            cls.server.stop()

        def setUp(self) -> None:
            self.server.flush()
            self.metrics = Counted()
            self.logged = Logged()

        @contextmanager
        def router(self, entity: EntityName = EVENTS, url: str | None = None) -> Iterator[Router]:
            logger = logging.Logger("test")
            logger.addHandler(self.logged)
            registry = open_registry(url or self.server.url, {})
            with Router(entity, registry, logger=logger, metrics=self.metrics) as router:
                yield router

        def publish(self, days: int, version: int, entity: EntityName = EVENTS) -> None:
            document = daily(days, entity)
            self.server.write(entity, fields(document, version), document)

        def refusal(self, registry: Registry) -> RegistryError:
            with self.assertRaises(RegistryError) as raised:
                asyncio.run(load(registry, EVENTS))
            self.assertNotIn("hunter2", str(raised.exception))
            return raised.exception

        def code(self, registry: Registry) -> RegistryErrorCode:
            return self.refusal(registry).code

        def test_follows(self) -> None:
            with self.router() as router:
                eventually("it is said that there is no map", lambda: any("no partition map" in text for text in self.logged.texts))
                for version in range(1, 6):
                    self.publish(version + 2, version)
                    self.assertTrue(router.wait(version, 60))
                    found = router.resolve(f"2026-11-0{version + 2}")
                    self.assertEqual((found.name, found.version), (f"events_{version + 1}", version))

        def test_keeps_its_map_through_a_flush_and_a_lower_version(self) -> None:
            self.publish(3, 10)
            with self.router() as router:
                self.assertTrue(router.wait(10, 60))
                self.server.flush()
                self.publish(9, 9)
                eventually("the conflict is noticed", lambda: self.metrics.gauges.get("partition_map_conflict"))
                self.assertEqual(router.version, 10)
                self.publish(5, 11)
                self.assertTrue(router.wait(11, 60))
                self.assertEqual(router.resolve("2026-11-05").name, "events_4")

        def test_keeps_its_map_when_the_store_is_damaged(self) -> None:
            self.publish(3, 1)
            with self.router() as router:
                self.assertTrue(router.wait(1, 60))
                broken = fields(b"{}", 5)
                self.server.write(EVENTS, broken, b"[]")
                eventually("the damage is counted", lambda: self.metrics.counts["partition_map_read_failures_total corrupt"])
                self.server.write_header(EVENTS, broken | {"timeline": "0"})
                self.assertEqual(router.version, 1)
                other = daily(3, EntityName("public", "others"))
                self.server.write(EVENTS, fields(other, 6), other)
                eventually("another table's is refused", lambda: any("another table" in text for text in self.logged.texts))
                # Of the same size, and valid by itself.
                told, kept = daily(4), daily(4).replace(b"events_0", b"events_9")
                self.server.write(EVENTS, fields(told, 7), kept)
                eventually("another checksum is refused", lambda: any("checksum" in text for text in self.logged.texts))
                self.assertEqual(router.version, 1)
                self.publish(4, 8)
                self.assertTrue(router.wait(8, 60))

        def test_serves_on_while_the_server_is_dead(self) -> None:
            self.publish(3, 1)
            with self.router() as router:
                self.assertTrue(router.wait(1, 60))
                self.server.kill()
                self.server.hint = lambda entity: None  # type: ignore[method-assign]
                before = router.age or 0
                eventually("the map grows older", lambda: (router.age or 0) > before + 1)
                self.assertEqual(router.resolve("2026-11-01").version, 1)
                self.server.start()
                self.publish(4, 2)
                self.assertTrue(router.wait(2, 60))

        @contextmanager
        def impatient(self) -> Iterator[None]:
            """A quiet watch is asked after in a moment."""
            limits: dict[str, dict[str, float]] = {
                "consul": {"_WAIT": 1}, "postgres": {"_HEARTBEAT": 0.5, "_DEADLINE": 2.0},
            }  # fmt: skip
            module = f"partition_router.stores.{self.store}"
            importlib.import_module(module)
            with ExitStack() as patches:
                for name, value in limits.get(self.store, {"_HEARTBEAT": 0.5}).items():
                    patches.enter_context(mock.patch(f"{module}.{name}", value))
                yield

        def test_a_stopped_server_is_noticed_and_made_up_for(self) -> None:
            self.publish(3, 1)
            with self.impatient(), self.router() as router:
                self.assertTrue(router.wait(1, 60))
                self.server.pause()
                try:
                    # Nobody says that anything is wrong: only the watch's own questions show it.
                    eventually(
                        "the silence is noticed", lambda: any("not listening" in text for text in self.logged.texts), 120
                    )
                    self.assertEqual(router.resolve("2026-11-01").version, 1)
                finally:
                    self.server.resume()
                self.publish(4, 2)
                self.assertTrue(router.wait(2, 60))

        def test_a_watch_notices_a_server_that_stands_still(self) -> None:
            """By its own questions: no connection ends, and nobody else reads."""

            async def body() -> None:
                registry = open_registry(self.server.url, {})
                hints = registry.watch(EVENTS)
                self.assertEqual(await anext(hints), Hint.RECONNECTED)
                self.server.pause()
                try:
                    with self.assertRaises(RegistryError) as raised:
                        async with asyncio.timeout(60):
                            async for _ in hints:
                                pass
                    self.assertEqual(raised.exception.code, RegistryErrorCode.UNREACHABLE)
                finally:
                    self.server.resume()
                await registry.close()

            with self.impatient():
                asyncio.run(body())

        def test_ten_thousand_partitions(self) -> None:
            self.publish(10_000, 1)
            with self.router() as router:
                self.assertTrue(router.wait(1, 60))
                self.assertEqual(router.resolve("2026-11-01").name, "events_0")
                self.assertEqual(router.resolve("2054-03-18").name, "events_9999")
                self.publish(10_001, 2)
                self.assertTrue(router.wait(2, 60))
                self.assertEqual(router.resolve("2054-03-19").name, "events_10000")

        def test_hostile_names(self) -> None:
            names = ('a b"c', "a{b}/../%2F", "é\n\t", "'; DROP TABLE x; --", "*?[x]", "user", "nb\u00a0sp", "\u202eturned")
            for number, name in enumerate(names):
                for schema in ("public", f"S {name}"):
                    entity = EntityName(schema, name)
                    self.publish(2 + number, 1, entity)
                    found = asyncio.run(load(open_registry(self.server.url, {}), entity))
                    self.assertEqual(found, (entity, 2 + number))

        def test_prefixes_keep_installations_apart(self) -> None:
            document = daily(7)
            self.publish(3, 1)
            self.server.write(EVENTS, fields(document, 9), document, prefix="staging:")
            url = self.server.url + ("&" if "?" in self.server.url else "?") + "prefix=staging:"
            with self.router(url=url) as router:
                self.assertTrue(router.wait(9, 60))
                document = daily(8)
                self.server.write(EVENTS, fields(document, 10), document, prefix="staging:")
                self.assertTrue(router.wait(10, 60))
            self.assertEqual(asyncio.run(load(open_registry(self.server.url, {}), EVENTS)), (EVENTS, 3))

        def test_several_loops_share_a_registry(self) -> None:
            self.publish(3, 1)
            registry = open_registry(self.server.url, {})
            for _ in range(3):
                self.assertEqual(asyncio.run(load(registry, EVENTS)), (EVENTS, 3))
            with Router("events", registry) as router:
                self.assertTrue(router.wait(1, 60))
                self.assertEqual(asyncio.run(load(registry, EVENTS)), (EVENTS, 3))

        def test_hints(self) -> None:
            async def body() -> None:
                registry = open_registry(self.server.url, {})
                self.publish(3, 1)
                async with asyncio.timeout(60):
                    hints = registry.watch(EVENTS)
                    self.assertEqual(await anext(hints), Hint.RECONNECTED)
                    waiting = asyncio.ensure_future(anext(hints))
                    self.publish(3, 2)
                    self.assertIn(await waiting, (Hint.CHANGED, Hint.RECONNECTED))
                await registry.close()

            asyncio.run(body())

        def test_nobody_there(self) -> None:
            scheme = self.server.url.split("://")[0]
            credentials = "" if scheme in ("redis", "consul") else "u:hunter2@"
            registry = open_registry(f"{scheme}://{credentials}127.0.0.1:1" + ("/x" if scheme == "postgres" else ""), {})
            error = self.refusal(registry)
            self.assertEqual(error.code, RegistryErrorCode.UNREACHABLE)
            # libpq may have tried several, and its text isn't shown.
            self.assertTrue(scheme == "postgres" or "127.0.0.1:1" in str(error), str(error))


async def load(registry: Registry, entity: EntityName) -> tuple[EntityName, int]:
    try:
        found = await registry.load(entity)
        header = await registry.header(entity)
        assert found is not None and header is not None
        assert header.checksum == found.document.checksum
        return found.document.table, len(found.document.entries)
    finally:
        await registry.close()


class RedisTests(StoreTests.Case):
    store = "redis"

    def test_passwords(self) -> None:
        server = Redis("--requirepass", "right")
        try:
            server.start()
            document = daily(3)
            server.write(EVENTS, fields(document, 1), document)
            place = f"127.0.0.1:{server.port}"
            self.assertEqual(asyncio.run(load(open_registry(f"redis://:right@{place}", {}), EVENTS)), (EVENTS, 3))
            self.assertEqual(self.code(open_registry(f"redis://:hunter2@{place}", {})), RegistryErrorCode.REFUSED)
            self.assertEqual(self.code(open_registry(f"redis://{place}", {})), RegistryErrorCode.REFUSED)
        finally:
            server.stop()

    def test_a_replica_is_passed_over(self) -> None:
        self.publish(3, 1)
        replica = Redis("--replicaof", "127.0.0.1", str(self.server.port))
        try:
            replica.start()
            alone = f"redis://127.0.0.1:{replica.port}?timeout=2"
            self.assertEqual(self.code(open_registry(alone, {})), RegistryErrorCode.UNREACHABLE)
            both = f"redis://127.0.0.1:{replica.port},127.0.0.1:{self.server.port}"
            self.assertEqual(asyncio.run(load(open_registry(both, {}), EVENTS)), (EVENTS, 3))
        finally:
            replica.stop()

    def test_a_primary_that_becomes_a_replica_is_left(self) -> None:
        self.publish(3, 1)
        assert isinstance(self.server, Redis)
        other = Redis()
        try:
            other.start()

            async def body(server: Redis) -> None:
                registry = open_registry(server.url, {})
                self.assertIsNotNone(await registry.header(EVENTS))
                # Its clients keep their connections, and it answers with what it has.
                with server.client() as client:
                    client.execute_command("REPLICAOF", "127.0.0.1", str(other.port))
                    for _ in range(2):
                        with self.assertRaises(RegistryError) as raised:
                            await registry.header(EVENTS)
                        self.assertEqual(raised.exception.code, RegistryErrorCode.UNREACHABLE)
                    client.execute_command("REPLICAOF", "NO", "ONE")
                self.publish(3, 2)
                self.assertIsNotNone(await registry.header(EVENTS))
                await registry.close()

            asyncio.run(body(self.server))
        finally:
            other.stop()

    def test_a_key_of_somebody_else(self) -> None:
        assert isinstance(self.server, Redis)
        with self.server.client() as client:
            client.set("{partition_map:events}:meta", "x")
        self.assertEqual(self.code(open_registry(self.server.url, {})), RegistryErrorCode.CORRUPT)


class PostgresTests(StoreTests.Case):
    store = "postgres"

    def test_refusals(self) -> None:
        assert isinstance(self.server, Postgres)
        with self.server.connect() as connection:
            connection.execute("CREATE DATABASE empty")
            connection.execute("CREATE ROLE stranger LOGIN")
        place = f"127.0.0.1:{self.server.port}"
        for url, code in (
            (f"postgres://postgres@{place}/empty", RegistryErrorCode.NOT_INSTALLED),
            (f"postgres://stranger@{place}/postgres", RegistryErrorCode.REFUSED),
            (f"postgres://postgres:hunter2@{place}/nowhere", RegistryErrorCode.UNREACHABLE),
        ):
            with self.subTest(url):
                found = self.code(open_registry(url, {}))
                # libpq's connect doesn't hand the SQLSTATE on in every version.
                self.assertIn(found, {code, RegistryErrorCode.REFUSED})

    def test_the_bound_is_that_of_sql(self) -> None:
        assert isinstance(self.server, Postgres)
        with self.server.connect() as connection:
            row = connection.execute("SELECT extract(epoch FROM partition_registry.age_bound())::float8").fetchone()
        assert row is not None
        self.assertEqual(row[0], Timing().bound)

    def test_a_standby_confirms_nothing(self) -> None:
        assert isinstance(self.server, Postgres)
        self.publish(3, 1)
        self.server.kill()
        (self.server.directory / "data" / "standby.signal").touch()
        self.server.start()
        self.assertEqual(self.code(open_registry(self.server.url, {})), RegistryErrorCode.UNREACHABLE)
        with self.server.connect() as connection:
            connection.execute("SELECT pg_promote()")
        self.assertEqual(asyncio.run(load(open_registry(self.server.url, {}), EVENTS)), (EVENTS, 3))

    def test_a_lost_connection_is_replaced(self) -> None:
        assert isinstance(self.server, Postgres)
        self.publish(3, 1)
        server = self.server

        async def body() -> None:
            registry = open_registry(server.url, {})
            self.assertIsNotNone(await registry.load(EVENTS))
            with server.connect() as connection:
                connection.execute(
                    "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'partition-router'"
                )
            found = None
            while found is None:
                try:
                    found = await registry.load(EVENTS)
                except RegistryError as error:
                    self.assertEqual(error.code, RegistryErrorCode.UNREACHABLE)
            await registry.close()

        asyncio.run(body())


class EtcdTests(StoreTests.Case):
    store = "etcd"

    def test_users_and_new_tokens(self) -> None:
        server = Etcd()
        try:
            server.start()
            document = daily(3)
            for path, body in (
                ("user/add", {"name": "root", "password": "right"}),
                ("user/grant", {"user": "root", "role": "root"}),
                ("role/add", {"name": "none"}),
                ("user/add", {"name": "stranger", "password": "right"}),
                ("user/grant", {"user": "stranger", "role": "none"}),
            ):
                server.ask("POST", f"/v3/auth/{path}", body)
            server.write(EVENTS, fields(document, 1), document)
            server.ask("POST", "/v3/auth/enable", {})
            place = f"127.0.0.1:{server.port}"
            self.assertEqual(self.code(open_registry(f"etcd://root:hunter2@{place}", {})), RegistryErrorCode.REFUSED)
            self.assertEqual(self.code(open_registry(f"etcd://{place}", {})), RegistryErrorCode.REFUSED)
            self.assertEqual(self.code(open_registry(f"etcd://stranger:right@{place}", {})), RegistryErrorCode.REFUSED)

            async def body_() -> None:
                registry = open_registry(f"etcd://root:right@{place}?timeout=2", {})
                self.assertIsNotNone(await registry.load(EVENTS))
                # All tokens are forgotten.
                found = json.loads(server.ask("POST", "/v3/auth/authenticate", {"name": "root", "password": "right"}))
                server.token = str(found["token"])
                server.ask("POST", "/v3/auth/disable", {})
                server.token = None
                server.ask("POST", "/v3/auth/enable", {})
                self.assertIsNotNone(await registry.load(EVENTS))
                server.kill()
                server.start()
                self.assertIsNotNone(await registry.load(EVENTS))
                await registry.close()

            asyncio.run(body_())
        finally:
            server.stop()

    def test_compaction(self) -> None:
        assert isinstance(self.server, Etcd)
        self.publish(3, 1)
        with self.router() as router:
            self.assertTrue(router.wait(1, 60))
            for version in range(2, 6):
                self.publish(3 + version, version)
                self.server.ask("POST", "/v3/kv/compaction", {"revision": "3"} if version == 2 else {"revision": str(4 + version)})
                self.assertTrue(router.wait(version, 60))


class ConsulTests(StoreTests.Case):
    store = "consul"

    def test_tokens(self) -> None:
        server = Consul(token="11111111-2222-3333-4444-555555555555")
        try:
            server.start()
            document = daily(3)
            server.write(EVENTS, fields(document, 1), document)
            place = f"127.0.0.1:{server.port}"
            url = f"consul://:{server.token}@{place}"
            self.assertEqual(asyncio.run(load(open_registry(url, {}), EVENTS)), (EVENTS, 3))
            self.assertEqual(self.code(open_registry(f"consul://:hunter2@{place}", {})), RegistryErrorCode.REFUSED)
            self.assertEqual(self.code(open_registry(f"consul://{place}", {})), RegistryErrorCode.REFUSED)
        finally:
            server.stop()


class Completeness(unittest.TestCase):
    def test_each_store_is_tested(self) -> None:
        cases = {case.store for case in StoreTests.Case.__subclasses__()}
        self.assertEqual(cases, set(STORES))
