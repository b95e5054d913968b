# SPDX-License-Identifier: Apache-2.0
# Part of partition-cli. See LICENSE and CONTRIBUTING.md.
"""How a router keeps its map current: without holding its loop up, without hammering the store, and in spite of its surroundings."""

from __future__ import annotations

import asyncio
import threading
import time
import unittest
from collections.abc import AsyncIterator
from unittest import mock

from partition_router import EntityName, Hint, MemoryRegistry, PartitionLookup, PartitionMapDocument, Router, RoutingMiss
from partition_router import registry as registry_module
from partition_router.header import PartitionMapHeader
from partition_router.registry import PublishedMap

from .cases import in_child
from .maps import EVENTS, daily, fields, published
from .servers import eventually
from .test_routing import Counted, quiet


class Parsing(MemoryRegistry):
    """Reads its document anew each time, as a store does, and notes how far a ticking task is when it begins and ends."""

    def __init__(self, content: bytes) -> None:
        super().__init__()
        self.content = content
        self.ticks = 0
        self.during: list[int] = []

    async def load(self, entity: EntityName) -> PublishedMap | None:
        found = await super().load(entity)
        assert found is not None
        before = self.ticks
        parsed = await registry_module.published(entity, found.header, self.content)
        self.during.append(self.ticks - before)
        return parsed


class Threads(unittest.IsolatedAsyncioTestCase):
    async def test_the_loop_goes_on_while_a_large_map_is_taken(self) -> None:
        # A busy machine's pauses are nobody's fault here.
        asyncio.get_running_loop().slow_callback_duration = 60
        content = daily(5_000)
        registry = Parsing(content)
        registry.put(EVENTS, published(content, 1))
        indexed_in: list[int] = []
        ticks: list[int] = []

        class Noted(PartitionLookup):
            def __init__(self, *arguments: object) -> None:
                before = registry.ticks
                super().__init__(*arguments)  # type: ignore[arg-type]
                # The GIL alone decides when the loop is next; it is waited for here.
                end = time.monotonic() + 30
                while registry.ticks == before and time.monotonic() < end:
                    time.sleep(0.001)
                ticks.append(registry.ticks - before)
                indexed_in.append(threading.get_ident())

        async def tick() -> None:
            while True:
                registry.ticks += 1
                await asyncio.sleep(0)

        router = Router("events", registry, logger=quiet())
        with mock.patch("partition_router.feed.PartitionLookup", Noted):
            tasks = [asyncio.create_task(tick()), asyncio.create_task(router.run())]
            async with asyncio.timeout(60):
                async for _ in router.versions():
                    break
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        self.assertEqual(router.resolve("2026-11-01").name, "events_0")
        self.assertGreater(registry.during[0], 0)
        self.assertGreater(ticks[0], 0)
        self.assertNotIn(threading.get_ident(), indexed_in)

    async def test_a_router_can_be_ended_while_it_takes_a_map(self) -> None:
        registry = MemoryRegistry()
        registry.put(EVENTS, published(daily(2), 1))
        began, may_end = threading.Event(), threading.Event()

        class Slow(PartitionLookup):
            def __init__(self, *arguments: object) -> None:
                began.set()
                may_end.wait(60)
                super().__init__(*arguments)  # type: ignore[arg-type]

        router = Router("events", registry, logger=quiet())
        with mock.patch("partition_router.feed.PartitionLookup", Slow):
            running = asyncio.create_task(router.run())
            while not began.is_set():
                await asyncio.sleep(0.01)
            running.cancel()
            await asyncio.gather(running, return_exceptions=True)
            self.assertTrue(running.cancelled())
            may_end.set()
            # What was begun isn't taken any more, and whoever runs the router again reads anew.
            self.assertIsNone(router.version)
        registry.put(EVENTS, published(daily(3), 2))
        running = asyncio.create_task(router.run())
        async with asyncio.timeout(60):
            async for version in router.versions():
                self.assertEqual(version, 2)
                break
        running.cancel()
        await asyncio.gather(running, return_exceptions=True)


class Ending(MemoryRegistry):
    """Its watches give a hint and end at once, in one way or the other."""

    def __init__(self, fails: bool) -> None:
        super().__init__()
        self.fails = fails
        self.watches = 0

    async def watch(self, entity: EntityName) -> AsyncIterator[Hint]:
        self.watches += 1
        yield Hint.RECONNECTED
        if self.fails:
            raise KeyError


class Flooding(MemoryRegistry):
    """Gives hints without end, and counts the reads that come of them."""

    def __init__(self) -> None:
        super().__init__()
        self.hints = 0
        self.reads = 0

    async def header(self, entity: EntityName) -> PartitionMapHeader | None:
        self.reads += 1
        await asyncio.sleep(0.01)
        return await super().header(entity)

    async def watch(self, entity: EntityName) -> AsyncIterator[Hint]:
        while self.hints < 20_000:
            self.hints += 1
            yield Hint.CHANGED
            if self.hints % 1000 == 0:
                await asyncio.sleep(0)
        await asyncio.Event().wait()


class Watching(unittest.IsolatedAsyncioTestCase):
    async def test_a_watch_that_ends_at_once_is_not_hammered(self) -> None:
        registries = [Ending(fails) for fails in (False, True)]
        tasks = [asyncio.create_task(Router("events", registry, logger=quiet()).run()) for registry in registries]
        # Pauses of 0.1, 0.2, 0.4, 0.8 and 1.6 seconds, or half of that. A slow machine makes fewer.
        await asyncio.sleep(2)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        for registry in registries:
            self.assertGreater(registry.watches, 1)
            self.assertLess(registry.watches, 8)

    async def test_one_that_held_begins_with_the_first_pause_again(self) -> None:
        registry = Ending(True)
        pauses: list[float] = []

        async def sleep(seconds: float) -> None:
            if seconds != 1:
                pauses.append(seconds)
            await real_sleep(0)
            if len(pauses) > 40:
                await real_sleep(3600)

        real_sleep = asyncio.sleep
        with mock.patch("partition_router.feed._HELD", -1), mock.patch("partition_router.feed.asyncio.sleep", sleep):
            task = asyncio.create_task(Router("events", registry, logger=quiet()).run())
            async with asyncio.timeout(60):
                while len(pauses) <= 40:
                    await real_sleep(0.001)
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)
        self.assertLessEqual(max(pauses), 0.1)

    async def test_a_flood_of_hints_waits_as_one(self) -> None:
        registry = Flooding()
        registry.put(EVENTS, published(daily(2), 1))
        router = Router("events", registry, logger=quiet())
        waiting = 0

        class Inbox(asyncio.Queue[object]):
            def put_nowait(self, item: object) -> None:
                nonlocal waiting
                super().put_nowait(item)
                waiting = max(waiting, self.qsize())

        with mock.patch("partition_router.feed.asyncio.Queue", Inbox):
            task = asyncio.create_task(router.run())
            async with asyncio.timeout(60):
                while registry.hints < 20_000:
                    await asyncio.sleep(0.001)
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)
        self.assertLess(waiting, 10)


class Broken(Counted):
    """Raises whatever it is asked to count."""

    def increment(self, name: str, labels: dict[str, str]) -> None:
        super().increment(name, labels)
        raise RuntimeError(name)

    def gauge(self, name: str, labels: dict[str, str], value: float) -> None:
        super().gauge(name, labels, value)
        raise ZeroDivisionError(name)


class Surroundings(unittest.TestCase):
    def test_metrics_that_raise_end_neither_reading_nor_lookups(self) -> None:
        registry = MemoryRegistry()
        registry.put(EVENTS, published(daily(2), 1))
        metrics = Broken()
        with self.assertLogs("partition_router", "ERROR") as logged, Router("events", registry, metrics=metrics) as router:
            for version in (1, 2, 3):
                registry.put(EVENTS, published(daily(version + 1), version))
                self.assertTrue(router.wait(version, timeout=60))
                with self.assertRaises(RoutingMiss):
                    router.resolve("2027-01-01")
            running = router._running
            assert running is not None
            self.assertFalse(running.future.done())
        self.assertIn("partition_map_conflict", metrics.gauges)
        self.assertEqual(metrics.counts["partition_routing_miss_total uncovered"], 3)
        # Once by the reader and once by the lookups.
        self.assertEqual(sum("can't be counted" in text for text in logged.output), 2)

    def test_a_listener_whose_loop_is_closed_ends_nothing(self) -> None:
        registry = MemoryRegistry()
        registry.put(EVENTS, published(daily(2), 1))
        with Router("events", registry, logger=quiet()) as router:
            self.assertTrue(router.wait(1, timeout=60))
            loop = asyncio.new_event_loop()
            left = router.versions()
            self.assertEqual(loop.run_until_complete(anext(left)), 1)
            loop.close()
            for version in (2, 3):
                registry.put(EVENTS, published(daily(3), version))
                self.assertTrue(router.wait(version, timeout=60))

    def test_a_forked_child_may_wait_first(self) -> None:
        registry = MemoryRegistry()
        registry.put(EVENTS, published(daily(2), 1))
        with Router("events", registry, logger=quiet()) as router:
            self.assertTrue(router.wait(timeout=60))

            def body() -> bool:
                registry._lock = threading.Lock()
                registry.put(EVENTS, published(daily(9), 5))
                return router.wait(5, timeout=60)

            self.assertEqual(in_child(body), 0)

    def test_a_forked_child_may_stop_first(self) -> None:
        registry = MemoryRegistry()
        registry.put(EVENTS, published(daily(2), 1))
        with Router("events", registry, logger=quiet()) as router:
            self.assertTrue(router.wait(timeout=60))

            def body() -> bool:
                # It would be waited for: nobody here can end what runs in the parent.
                with mock.patch("partition_router.background.Running.stop", side_effect=AssertionError):
                    router.stop()
                registry._lock = threading.Lock()
                registry._listeners.clear()
                registry.put(EVENTS, published(daily(9), 5))
                router.start()
                return router.wait(5, timeout=60)

            self.assertEqual(in_child(body), 0)
            # The parent's goes on.
            registry.put(EVENTS, published(daily(3), 2))
            self.assertTrue(router.wait(2, timeout=60))

    def test_one_that_ended_by_a_fault_can_be_started_again(self) -> None:
        registry = MemoryRegistry()
        registry.put(EVENTS, published(daily(2), 1))
        router = Router("events", registry, logger=quiet())
        with mock.patch.object(router._feed, "run", side_effect=ZeroDivisionError):
            router.start()
            running = router._running
            assert running is not None
            with self.assertRaises(ZeroDivisionError):
                running.future.result(60)
        eventually("its end is noted", lambda: router._started_in is None)
        router.start()
        self.assertTrue(router.wait(1, timeout=60))
        router.stop()


class Published(unittest.IsolatedAsyncioTestCase):
    async def test_documents_are_read_in_a_thread(self) -> None:
        document = daily(3)
        header = PartitionMapHeader.of_fields(fields(document, 1))
        seen: list[int] = []
        parse = PartitionMapDocument.parse

        def noted(content: bytes) -> object:
            seen.append(threading.get_ident())
            return parse(content)

        with mock.patch.object(PartitionMapDocument, "parse", noted):
            found = await registry_module.published(EVENTS, header, document)
        self.assertEqual(found.header, header)
        self.assertEqual(len(seen), 1)
        self.assertNotIn(threading.get_ident(), seen)
