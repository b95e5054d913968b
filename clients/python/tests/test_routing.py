# SPDX-License-Identifier: Apache-2.0
# Part of partition-cli. See LICENSE and CONTRIBUTING.md.
"""What routers answer: misses, staleness, and what is never served."""

from __future__ import annotations

import asyncio
import itertools
import logging
import threading
import unittest
from collections import Counter
from collections.abc import AsyncIterator

from partition_router import (
    EntityName,
    Hint,
    MemoryRegistry,
    MissReason,
    OnMiss,
    PartitionMapDocument,
    PartitionUse,
    RegistryError,
    RegistryErrorCode,
    Router,
    RoutingMiss,
    State,
    WhenStale,
)
from partition_router.feed import MapFeed
from partition_router.header import PartitionMapHeader
from partition_router.registry import PublishedMap
from partition_router.reload import MapIdentity, ReadDocument, ReadHeader, ReloadMachine, Renew, Take, Trouble
from partition_router.routing import Freshness, verdict

from .cases import in_child
from .maps import EVENTS, daily, published, vectors
from .servers import eventually


class Counted:
    """Metrics of a test."""

    def __init__(self) -> None:
        self.counts: Counter[str] = Counter()
        self.gauges: dict[str, float] = {}

    def increment(self, name: str, labels: dict[str, str]) -> None:
        self.counts[f"{name} {labels.get('reason', '')}"] += 1

    def gauge(self, name: str, labels: dict[str, str], value: float) -> None:
        self.gauges[name] = value


class Clock:
    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


def quiet() -> logging.Logger:
    logger = logging.Logger("test")
    logger.addHandler(logging.NullHandler())
    return logger


#: 2026-11-05, in microseconds since 1970 UTC.
WALL = 1_793_836_800_000_000


class Verdicts(unittest.TestCase):
    """All combinations, held against the rules said in another way."""

    def test_all(self) -> None:
        # Days 0 and 1: draining; 2 to 4: active, from 3 on kept; then the default partition.
        document = PartitionMapDocument.parse(daily(5, draining=2, default=True, keep=("2026-11-04", "2026-12-01T00:00:00Z")))
        combinations = itertools.product((None, *range(6)), Freshness, WhenStale, OnMiss)
        for found, freshness, when_stale, on_miss in combinations:
            entry, reason = verdict(document, found, freshness, when_stale, on_miss)
            name = f"{found} {freshness} {when_stale} {on_miss}: {entry} {reason}"
            is_fresh = freshness is Freshness.FRESH
            promised = found in (3, 4) and freshness is Freshness.PROMISED
            absence = MissReason.UNCOVERED if is_fresh else MissReason.STALE
            served = None if is_fresh else MissReason.SERVED_STALE
            may_serve = is_fresh or when_stale is WhenStale.SERVE_ALL or (
                when_stale is WhenStale.SERVE_STABLE and promised
            )
            if found in (0, 1):
                self.assertEqual((entry, reason), (None, MissReason.DRAINING), name)
            elif found is None or (found == 5 and on_miss is not OnMiss.DEFAULT):
                self.assertEqual((entry, reason), (None, absence), name)
            elif not may_serve:
                self.assertEqual((entry, reason), (None, MissReason.STALE), name)
            elif found == 5:
                self.assertEqual((entry, reason), (5, served or MissReason.UNCOVERED), name)
            else:
                self.assertEqual((entry, reason), (found, served), name)


class RouterCase(unittest.IsolatedAsyncioTestCase):
    async def asyncSetUp(self) -> None:
        self.registry = MemoryRegistry()
        self.clock = Clock()
        self.wall = WALL
        self.metrics = Counted()
        self.tasks: list[asyncio.Task[None]] = []

    async def asyncTearDown(self) -> None:
        for task in self.tasks:
            task.cancel()
        await asyncio.gather(*self.tasks, return_exceptions=True)

    def router(self, when_stale: WhenStale = WhenStale.SERVE_STABLE, on_miss: OnMiss = OnMiss.RAISE) -> Router:
        router = Router("events", self.registry, when_stale=when_stale, on_miss=on_miss, logger=quiet(), metrics=self.metrics)
        router._feed = MapFeed(
            EVENTS, self.registry, quiet(), self.metrics, clock=self.clock, wall=lambda: self.wall
        )
        router._feed.on_version = router._announce
        return router

    async def served(self, router: Router, version: int) -> None:
        if not self.tasks:
            self.tasks.append(asyncio.create_task(router.run()))
        async with asyncio.timeout(30):
            async for found in router.versions():
                if found >= version:
                    return

    def reason(self, router: Router, *key: str | int) -> MissReason:
        with self.assertRaises(RoutingMiss) as raised:
            router.resolve(*key)
        return raised.exception.reason

    async def test_follows_versions(self) -> None:
        router = self.router()
        self.assertIsNone(router.version)
        self.assertEqual(self.reason(router, "2026-11-01"), MissReason.NO_MAP)
        for version in range(1, 4):
            self.registry.put(EVENTS, published(daily(version), version))
            await self.served(router, version)
            partition = router.resolve(f"2026-11-0{version}")
            self.assertEqual((partition.name, partition.version), (f"events_{version - 1}", version))
            self.assertEqual(partition.state, State.ACTIVE)
            self.assertEqual(partition.qualified_name, f"public.events_{version - 1}")
            self.assertEqual(self.reason(router, f"2026-11-0{version + 1}"), MissReason.UNCOVERED)

    async def test_conflicts_keep_the_map(self) -> None:
        router = self.router()
        self.registry.put(EVENTS, published(daily(3), 10))
        await self.served(router, 10)
        for wrong in (published(daily(9), 9), published(daily(9), 10)):
            self.metrics.gauges["partition_map_conflict"] = 0
            self.registry.put(EVENTS, wrong)
            async with asyncio.timeout(30):
                while not self.metrics.gauges["partition_map_conflict"]:
                    await asyncio.sleep(0.01)
            self.assertEqual(router.version, 10)
            self.assertEqual(self.reason(router, "2026-11-09"), MissReason.UNCOVERED)
        self.registry.put(EVENTS, None)
        self.registry.put(EVENTS, published(daily(5), 11))
        await self.served(router, 11)
        self.assertEqual(self.metrics.gauges["partition_map_conflict"], 0)

    async def test_misses(self) -> None:
        self.registry.put(EVENTS, published(daily(3, draining=1, default=True), 1))
        router = self.router()
        await self.served(router, 1)
        self.assertEqual(self.reason(router, "2026-11-01"), MissReason.DRAINING)
        self.assertEqual(self.reason(router, "2027-01-01"), MissReason.UNCOVERED)
        self.assertEqual(self.reason(router, "tomorrow"), MissReason.UNREADABLE)
        self.assertEqual(self.reason(router, "2026-11-02", "x"), MissReason.UNREADABLE)
        with self.assertRaises(RoutingMiss) as raised:
            router.resolve("2027-01-01")
        self.assertEqual(
            str(raised.exception),
            "events has no partition for 2027-01-01: none covers it; is provisioning behind? "
            "(map version 1, confirmed 0 s ago, covering 2026-11-02 to 2026-11-04)",
        )
        self.assertEqual(self.metrics.counts["partition_routing_miss_total uncovered"], 2)
        self.assertEqual(self.metrics.counts["partition_routing_miss_total draining"], 1)
        to_parent = self.router(on_miss=OnMiss.PARENT)
        to_parent._feed.current = router._feed.current
        for key in ("2026-11-01", "2027-01-01", "tomorrow"):
            parent = to_parent.resolve(key)
            self.assertTrue(parent.is_parent)
            self.assertEqual(parent.qualified_name, "public.events")
        self.assertEqual(self.metrics.counts["partition_routing_miss_total unreadable"], 3)
        to_default = self.router(on_miss=OnMiss.DEFAULT)
        to_default._feed.current = router._feed.current
        self.assertEqual(to_default.resolve("2027-01-01").name, "events_default")
        self.assertEqual(self.reason(to_default, "2026-11-01"), MissReason.DRAINING)

    async def test_staleness(self) -> None:
        keep = ("2026-11-02", "2026-11-05T01:00:00Z")
        self.registry.put(EVENTS, published(daily(3, keep=keep), 1))
        stable, everything, nothing = (self.router(when) for when in WhenStale)
        await self.served(stable, 1)
        # Nobody reads on: the answers rest on the clock alone.
        await self.asyncTearDown()
        everything._feed.current = nothing._feed.current = stable._feed.current
        self.clock.now += 89.9
        for router in (stable, everything, nothing):
            self.assertEqual(router.resolve("2026-11-01").name, "events_0")
        self.assertEqual(self.metrics.counts["partition_routing_miss_total served_stale"], 0)
        self.clock.now += 0.1
        self.assertEqual(self.reason(stable, "2026-11-01"), MissReason.STALE)
        self.assertEqual(stable.resolve("2026-11-02").name, "events_1")
        self.assertEqual(everything.resolve("2026-11-01").name, "events_0")
        self.assertEqual(self.reason(nothing, "2026-11-02"), MissReason.STALE)
        self.assertEqual(self.metrics.counts["partition_routing_miss_total served_stale"], 2)
        # An hour after the confirmation the promise has ended.
        self.clock.now += 3600 - 90 - 0.1
        self.assertEqual(stable.resolve("2026-11-02").name, "events_1")
        self.clock.now += 0.2
        self.assertEqual(self.reason(stable, "2026-11-02"), MissReason.STALE)
        self.assertEqual(everything.resolve("2026-11-02").name, "events_1")

    async def test_a_step_of_the_clock_prolongs_nothing(self) -> None:
        keep = ("2026-11-01", "2026-11-05T01:00:00Z")
        self.registry.put(EVENTS, published(daily(3, keep=keep), 1))
        router = self.router()
        await self.served(router, 1)
        before = router._feed.current.kept_until
        self.wall -= 10 * 3600 * 1_000_000
        router._feed._renew(router._feed.current)
        self.assertEqual(router._feed.current.kept_until, before)

    async def test_groups(self) -> None:
        self.registry.put(EVENTS, published(daily(3, draining=1), 7))
        router = self.router()
        await self.served(router, 7)
        rows = [("2026-11-03", "a"), ("2026-11-02", "b"), ("2026-11-03", "c"), ("2026-11-01", "d"), ("2030-01-01", "e")]
        result = router.group(rows, lambda row: row[0])
        self.assertEqual(
            [(partition.name, [row[1] for row in found]) for partition, found in result.groups],
            [("events_2", ["a", "c"]), ("events_1", ["b"])],
        )
        self.assertEqual(
            [(row[1], miss.reason) for row, miss in result.misses],
            [("d", MissReason.DRAINING), ("e", MissReason.UNCOVERED)],
        )
        self.assertEqual({miss.version for _, miss in result.misses}, {7})

    async def test_a_group_is_as_of_its_end(self) -> None:
        for in_key in (False, True):
            with self.subTest(in_key=in_key):
                router = self.router()
                currents = []
                for version, draining in ((1, 0), (2, 2)):
                    self.registry.put(EVENTS, published(daily(3, draining=draining), version))
                    other = self.router()
                    await self.served(other, version)
                    await self.asyncTearDown()
                    self.tasks = []
                    currents.append(other._feed.current)
                router._feed.current, newest = currents
                asked = 0

                def replace(number: int) -> int:
                    nonlocal asked
                    asked += 1
                    if asked == 2:
                        router._feed.current = newest
                    return number

                rows = (number if in_key else replace(number) for number in range(3))
                result = router.group(rows, lambda number: f"2026-11-0{(replace(number) if in_key else number) + 1}")
                self.assertEqual([(partition.name, partition.version) for partition, _ in result.groups], [("events_2", 2)])
                self.assertEqual([row for row, _ in result.misses], [0, 1])

    async def test_a_group_whose_map_goes_stale_meanwhile(self) -> None:
        keep = ("2026-11-02", "2026-11-06T00:00:00Z")
        self.registry.put(EVENTS, published(daily(2, keep=keep), 1))
        router = self.router()
        await self.served(router, 1)
        await self.asyncTearDown()

        def wait(row: str) -> str:
            self.clock.now += 50
            return row

        result = router.group(["2026-11-01", "2026-11-02"], wait)
        self.assertEqual([partition.name for partition, _ in result.groups], ["events_1"])
        self.assertEqual([miss.reason for _, miss in result.misses], [MissReason.STALE])

    async def test_intervals(self) -> None:
        # Day 0 is draining, 1 to 3 active, from 2 on promised.
        keep = ("2026-11-03", "2026-11-06T00:00:00Z")
        self.registry.put(EVENTS, published(daily(4, draining=1, default=True, keep=keep), 7))
        stable, everything, nothing = (self.router(when) for when in WhenStale)
        await self.served(stable, 7)
        await self.asyncTearDown()
        defaulting = self.router(on_miss=OnMiss.DEFAULT)
        for router in (everything, nothing, defaulting):
            router._feed.current = stable._feed.current

        def names(router: Router, first: int, last: int, use: PartitionUse = PartitionUse.READING) -> list[str]:
            day, november = 86_400_000_000, 20_758 * 86_400_000_000
            found = router.partitions(november + first * day, november + last * day, use)
            return [partition.name.removeprefix("events_") for partition in found]

        self.assertEqual(names(stable, 1, 3), ["1", "2"])
        self.assertEqual(names(stable, 0, 2), ["0", "1", "default"])
        self.assertEqual(names(stable, 3, 5), ["3", "default"])
        self.assertEqual(names(stable, -1, 0), ["default"])
        self.assertEqual(names(stable, 2, 2), [])
        self.assertEqual(names(stable, 0, 5, PartitionUse.WRITING), ["1", "2", "3"])
        self.assertEqual(names(defaulting, 0, 4, PartitionUse.WRITING), ["1", "2", "3"])
        self.assertEqual(names(defaulting, 0, 5, PartitionUse.WRITING), ["1", "2", "3", "default"])
        self.assertEqual(self.metrics.counts["partition_routing_miss_total served_stale"], 0)
        self.clock.now += 91
        self.assertEqual(names(stable, 2, 4), ["2", "3"])
        self.assertEqual(names(everything, 1, 4), ["1", "2", "3"])
        self.assertEqual(names(everything, 0, 4, PartitionUse.WRITING), ["1", "2", "3"])
        self.assertEqual(self.metrics.counts["partition_routing_miss_total served_stale"], 3)
        for router, first, last in [
            (stable, 1, 4), (stable, 3, 5), (stable, 9, 10), (everything, 0, 4), (everything, 3, 5), (everything, 9, 10),
            (nothing, 2, 3), (nothing, 9, 10),
        ]:
            for use in PartitionUse:
                if (router, first, use) == (everything, 0, PartitionUse.WRITING):
                    continue
                with self.subTest(first=first, use=use), self.assertRaises(RoutingMiss) as raised:
                    names(router, first, last, use)
                self.assertIs(raised.exception.reason, MissReason.STALE)
            self.assertEqual(names(router, first, first), [])

    async def test_a_composite_key(self) -> None:
        document = next(v for v in vectors("documents.json") if v["name"] == "composite")["document"].encode()
        table = PartitionMapDocument.parse(document).table
        self.registry.put(table, published(document, 1))
        router = Router(table, self.registry, logger=quiet())
        self.tasks.append(asyncio.create_task(router.run()))
        async with asyncio.timeout(30):
            async for _ in router.versions():
                break
        for case in next(v for v in vectors("lookups.json") if v["document"] == "composite")["cases"]:
            if case["expect"] == "active":
                self.assertEqual(router.resolve(*case["key"]).name, case["partition"])


class Failing(MemoryRegistry):
    """Reads fail as long as they are told to."""

    def __init__(self) -> None:
        super().__init__()
        self.is_down = False

    async def load(self, entity: EntityName) -> PublishedMap | None:
        if self.is_down:
            raise RegistryError(RegistryErrorCode.UNREACHABLE, "down")
        return await super().load(entity)


class Odd(MemoryRegistry):
    """Answers in forms that no store's reader foresaw, as long as it is told to."""

    def __init__(self) -> None:
        super().__init__()
        self.errors: list[Exception] = [KeyError("x"), AttributeError("y"), ValueError("z")]

    async def header(self, entity: EntityName) -> PartitionMapHeader | None:
        if self.errors:
            raise self.errors.pop()
        return await super().header(entity)

    async def watch(self, entity: EntityName) -> AsyncIterator[Hint]:
        if self.errors:
            raise self.errors.pop()
        async for hint in super().watch(entity):
            yield hint


class Threads(unittest.TestCase):
    def test_an_answer_that_nobody_foresaw_ends_nothing(self) -> None:
        registry = Odd()
        registry.put(EVENTS, published(daily(2), 1))
        metrics = Counted()
        with Router("events", registry, logger=quiet(), metrics=metrics) as router:
            self.assertTrue(router.wait(1, timeout=60))
            registry.put(EVENTS, published(daily(3), 2))
            self.assertTrue(router.wait(2, timeout=60))
        self.assertEqual(registry.errors, [])
        self.assertGreaterEqual(metrics.counts["partition_map_read_failures_total unreachable"], 1)

    def test_start_and_stop(self) -> None:
        registry = Failing()
        registry.is_down = True
        registry.put(EVENTS, published(daily(2), 1))
        metrics = Counted()
        with Router("events", registry, logger=quiet(), metrics=metrics) as router:
            eventually("a failure is counted", lambda: metrics.counts["partition_map_read_failures_total unreachable"])
            self.assertFalse(router.wait(timeout=0.01))
            registry.is_down = False
            self.assertTrue(router.wait(timeout=60))
            found: list[str] = []
            threads = [
                threading.Thread(target=lambda: found.append(router.resolve("2026-11-02").name)) for _ in range(8)
            ]
            for thread in threads:
                thread.start()
            for thread in threads:
                thread.join()
            self.assertEqual(found, ["events_1"] * 8)
            registry.put(EVENTS, published(daily(3), 2))
            self.assertTrue(router.wait(2, timeout=60))
        self.assertEqual(router.version, 2)

    def test_a_forked_child_reads_for_itself(self) -> None:
        registry = MemoryRegistry()
        registry.put(EVENTS, published(daily(2), 1))
        with Router("events", registry, logger=quiet()) as router:
            self.assertTrue(router.wait(timeout=60))

            def body() -> bool:
                name = router.resolve("2026-11-02").name
                registry._lock = threading.Lock()
                registry.put(EVENTS, published(daily(9), 5))
                return name == "events_1" and router.wait(5, timeout=60)

            self.assertEqual(in_child(body), 0)


class Machine(unittest.TestCase):
    """What the vectors of versions don't say: when is read."""

    A, B = MapIdentity(1, "a" * 64), MapIdentity(2, "b" * 64)

    def served(self) -> ReloadMachine:
        machine = ReloadMachine(seed=4)
        self.assertEqual(machine.started(0), [ReadHeader()])
        self.assertEqual(machine.header_read(self.A, 0, 1), [ReadDocument(self.A, 0)])
        self.assertEqual(machine.document_read(self.A, 1, 2), [Take(self.A)])
        return machine

    def test_a_hint_during_a_read_is_read_after_it(self) -> None:
        machine = self.served()
        self.assertEqual(machine.hinted(3), [ReadHeader()])
        self.assertEqual(machine.hinted(4), [])
        self.assertEqual(machine.header_read(self.A, 3, 5), [Renew(), ReadHeader()])
        self.assertEqual(machine.header_read(self.A, 5, 6), [Renew()])

    def test_hints_renew_nothing(self) -> None:
        machine = self.served()
        for now in range(3, 91):
            machine.hinted(now)
        self.assertEqual(machine.ticked(91), [Trouble("stale")])
        self.assertEqual(machine.confirmed_at, 1)
        self.assertEqual(machine.ticked(92), [])
        self.assertEqual(machine.header_read(self.A, 92, 93)[:2], [Renew(), Trouble("recovered")])

    def test_reads_at_least_every_interval(self) -> None:
        machine = self.served()
        self.assertEqual([now for now in range(3, 17) if machine.ticked(now)], [])
        self.assertTrue(any(machine.ticked(now) for now in range(17, 33)))

    def test_retries_wait_longer_and_longer(self) -> None:
        machine = self.served()
        now = 10.0
        pauses: list[float] = []
        error = RegistryError(RegistryErrorCode.UNREACHABLE, "down")
        machine.hinted(now)
        for _ in range(10):
            machine.failed(error, now)
            began = now
            while not any(isinstance(action, ReadHeader) for action in machine.ticked(now)):
                now += 0.01
            pauses.append(now - began)
        self.assertLess(pauses[0], 0.6)
        self.assertGreater(pauses[5], 7)
        self.assertLess(max(pauses), 30.1)
        self.assertEqual(machine.confirmed_at, 1)

    def test_an_old_read_of_the_served_map_takes_no_age_back(self) -> None:
        machine = self.served()
        machine.hinted(50)
        machine.header_read(self.A, 50, 51)
        machine.header_read(self.A, 20, 52)
        self.assertEqual(machine.confirmed_at, 50)
        # The next map counts from its own read, even if that was sent before.
        machine.header_read(self.B, 40, 53)
        self.assertEqual(machine.document_read(self.B, 41, 54), [Take(self.B)])
        self.assertEqual(machine.confirmed_at, 41)
