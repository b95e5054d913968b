# SPDX-License-Identifier: Apache-2.0
# Part of partition-cli. See LICENSE and CONTRIBUTING.md.
"""Finds the partitions of one table's keys, from the map that partition-cli publishes."""

from __future__ import annotations

import asyncio
import logging
import os
import threading
import time
from collections import Counter
from collections.abc import AsyncIterator, Callable, Hashable, Iterable, Sequence
from concurrent.futures import Future
from contextlib import suppress
from dataclasses import dataclass, field
from types import TracebackType
from typing import Generic, Self, TypeVar

from .background import Background, Running
from .document import State, short_text
from .errors import MapErrorCode, PartitionMapError
from .feed import Current, MapFeed
from .lookup import Key
from .metrics import Metrics, TableMetrics
from .names import EntityName
from .registry import Registry
from .routing import (
    Freshness,
    MissReason,
    OnMiss,
    PartitionUse,
    RoutedPartition,
    RoutingMiss,
    WhenStale,
    may_serve,
    verdict,
)

Row = TypeVar("Row")

#: How many routers of a loop use a registry.
_users: Counter[tuple[int, asyncio.AbstractEventLoop]] = Counter()

#: Seconds between two log lines of misses for one reason; those between are counted in the next.
LOG_INTERVAL = 10.0
#: How many partitions a log line shows, except at debug level.
SHOWN_PARTITIONS = 8


@dataclass(slots=True)
class RoutedRows(Generic[Row]):
    """A batch of rows by where they belong, all by one version of the map."""

    #: In the order in which each partition's first row came.
    groups: list[tuple[RoutedPartition, list[Row]]] = field(default_factory=list)
    #: The rows that weren't routed.
    misses: list[tuple[Row, RoutingMiss]] = field(default_factory=list)


class Router:
    """Keeps one table's map current and looks keys up in it.

    In asyncio, ``run()`` in a task for as long as the application runs; otherwise ``start()`` and ``stop()``, or ``with``: then
    one background thread reads for all routers of the process. Lookups never wait for the network, and may be made from any
    thread or task. After a fork a started router starts anew in the child at its first lookup.

    Args:
        entity: The partitioned table, as ``events`` or ``app.orders``.
        registry: Where its map is published; see ``open_registry``.
        when_stale: What is served when the registry can't be read for 90 seconds.
        on_miss: What is answered when no partition takes a key.
        logger: For misses, and for how reading the map goes.
        metrics: Counts misses in ``partition_routing_miss_total`` and reports ``partition_map_age_seconds``,
            ``partition_map_conflict`` and ``partition_map_read_failures_total``; None counts nowhere.
    """

    def __init__(
        self,
        entity: EntityName | str,
        registry: Registry,
        *,
        when_stale: WhenStale = WhenStale.SERVE_STABLE,
        on_miss: OnMiss = OnMiss.RAISE,
        logger: logging.Logger | None = None,
        metrics: Metrics | None = None,
    ) -> None:
        self.entity = EntityName.parse(entity) if isinstance(entity, str) else entity
        self._when_stale = when_stale
        self._on_miss = on_miss
        self._logger = logger or logging.getLogger("partition_router")
        self._metrics = TableMetrics(str(self.entity), metrics, self._logger)
        self._feed = MapFeed(self.entity, registry, self._logger, metrics)
        self._feed.on_version = self._announce
        self._silences: dict[MissReason, tuple[float, int]] = {}
        self._running: Running | None = None
        self._started_in: int | None = None
        self._changed = threading.Condition()
        self._listeners: list[tuple[asyncio.AbstractEventLoop, asyncio.Event]] = []

    # Running

    async def run(self) -> None:
        """Keeps the map current until the task is cancelled: reads on each hint, on every reconnect, at most every 30 s."""
        # Connections are closed by the last router of the loop that uses them.
        user = (id(self._feed.registry), asyncio.get_running_loop())
        _users[user] += 1
        try:
            await self._feed.run()
        finally:
            _users[user] -= 1
            if not _users[user]:
                del _users[user]
                await self._feed.registry.close()

    def start(self) -> None:
        """Keeps the map current in the background. Does nothing to a started router."""
        with Background.lock:
            if self._started_in == os.getpid():
                return
            if self._started_in is not None:
                # A forked child: the parent's thread doesn't exist here, its lock may be held for ever, its loops are others'.
                self._changed = threading.Condition()
                self._listeners = []
            self._running = Background.run(self.run())
            self._started_in = os.getpid()
            # After that: it may have ended already.
            self._running.future.add_done_callback(self._ended)

    def stop(self) -> None:
        """Ends what ``start`` began; the map that is served grows stale from now on."""
        with Background.lock:
            running, self._running = self._running, None
            process, self._started_in = self._started_in, None
        # In a forked child nothing runs yet that could be ended.
        if running is not None and process == os.getpid():
            running.stop(timeout=5)

    def _ended(self, running: Future[None]) -> None:
        if not running.cancelled() and running.exception() is not None:
            if self._running is not None and self._running.future is running:
                # The next start begins anew.
                self._started_in = None
            self._logger.error(
                "the map of %s is not kept current any more; it grows stale", self.entity, exc_info=running.exception()
            )

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    # What is served

    @property
    def version(self) -> int | None:
        """Of the map that is served; None before the first one."""
        current = self._feed.current
        return None if current.lookup is None else current.version

    @property
    def age(self) -> float | None:
        """Seconds since the last reading that found the served map was sent; None before the first one."""
        return self._age(self._feed.current)

    def wait(self, version: int = 1, timeout: float | None = None) -> bool:
        """Waits until that version, or a later one, is served. Returns False after ``timeout`` seconds."""
        self._start_after_fork()
        with self._changed:
            return self._changed.wait_for(lambda: (self.version or 0) >= version, timeout)

    async def versions(self) -> AsyncIterator[int]:
        """The version that is served, as soon as there is one, and every version that replaces it.

        Who is slow is given the newest.
        """
        self._start_after_fork()
        listener = (asyncio.get_running_loop(), asyncio.Event())
        self._listeners.append(listener)
        seen: int | None = None
        try:
            while True:
                version = self.version
                if version is not None and version != seen:
                    seen = version
                    yield version
                    continue
                await listener[1].wait()
                listener[1].clear()
        finally:
            # A child forgets those of its parent.
            if listener in self._listeners:
                self._listeners.remove(listener)

    def _announce(self, version: int) -> None:
        with self._changed:
            self._changed.notify_all()
        for loop, event in list(self._listeners):
            # One that closed, in another thread perhaps just now, has nobody left who waits.
            with suppress(RuntimeError):
                loop.call_soon_threadsafe(event.set)

    # Lookups

    def resolve(self, *key: Key) -> RoutedPartition:
        """Where rows of a key are written to, one argument a column through all levels; raises RoutingMiss.

        An int is an integer key itself, or a time as microseconds since 1970 (of UTC for an instant). A time may also be a
        ``datetime`` (with a zone for an instant, without one for a timestamp), a ``date`` or a text in ISO 8601; a date alone
        means that day's midnight in the table's zone. A list's value is given as PostgreSQL prints it.
        """
        current, freshness = self._observe()
        return self._resolve(key, current, freshness)

    def group(self, rows: Iterable[Row], by: Callable[[Row], Key | Sequence[Key]]) -> RoutedRows[Row]:
        """Sorts rows by the partition that takes them, all by one version of the map: for loading them into the leaves.

        ``by`` gives a row's key; for several columns a tuple or list. A row that isn't routed stands in ``misses``. All rows are
        taken from the iterable before the first is looked up. However long it takes, what is returned is as of its end: where the
        map was replaced or has gone stale meanwhile, all rows are looked up again, and ``by`` is called again.
        """
        batch = list(rows)
        while True:
            current, freshness = self._observe()
            result = self._sorted(batch, by, current, freshness)
            newest, found = self._observe()
            # A map that was confirmed meanwhile would serve more, and nothing else.
            is_served = newest.lookup is current.lookup and newest.version == current.version
            if is_served and found in (freshness, Freshness.FRESH):
                return result

    def _sorted(
        self,
        rows: list[Row],
        by: Callable[[Row], Key | Sequence[Key]],
        current: Current,
        freshness: Freshness,
    ) -> RoutedRows[Row]:
        result: RoutedRows[Row] = RoutedRows()
        places: dict[Hashable, list[Row]] = {}
        for row in rows:
            key = by(row)
            columns = tuple(key) if isinstance(key, tuple | list) else (key,)
            try:
                partition = self._resolve(columns, current, freshness)
            except RoutingMiss as miss:
                result.misses.append((row, miss))
                continue
            if partition not in places:
                places[partition] = []
                result.groups.append((partition, places[partition]))
            places[partition].append(row)
        return result

    def partitions(self, start: int, end: int, use: PartitionUse) -> list[RoutedPartition]:
        """The partitions from ``start`` to ``end`` (exclusive), in key order; the default one, where it is one of them, last.

        Both as ``resolve`` takes an int. With a fresh map gaps are passed over. With a stale one nobody knows whether a gap still is
        one, so an answer is the whole interval or none; one that is given is counted. Raises RoutingMiss: no_map, unplaceable for a
        key that isn't one range column, and stale when the map is stale and a part of the interval has no partition that may be
        served.
        """
        current, freshness = self._observe()
        key = f"{start} to {end}"
        lookup = current.lookup
        if lookup is None:
            raise self._miss(MissReason.NO_MAP, current, key)
        segments = lookup.between(start, end)
        if segments is None:
            raise self._miss(MissReason.UNPLACEABLE, current, key)
        document, fallback = lookup.document, lookup.fallback
        found: list[int] = []
        uses_fallback = False
        for segment in segments:
            if use is PartitionUse.WRITING:
                place = fallback if segment is None else segment
                entry, reason = verdict(document, place, freshness, self._when_stale, self._on_miss)
                if entry is None:
                    if reason is MissReason.STALE:
                        raise self._miss(MissReason.STALE, current, key)
                elif segment is None:
                    uses_fallback = True
                else:
                    found.append(entry)
                continue
            if segment is None:
                is_known = freshness is Freshness.FRESH
            else:
                is_known = may_serve(document, document.entries[segment], freshness, self._when_stale)
            if not is_known:
                raise self._miss(MissReason.STALE, current, key)
            if segment is not None:
                found.append(segment)
            # Rows of a range whose partition has been detached meanwhile go there, too.
            if segment is None or document.entries[segment].state is State.DRAINING:
                uses_fallback = True
        if uses_fallback and fallback is not None:
            found.append(fallback)
        if segments and freshness is not Freshness.FRESH:
            self._miss(MissReason.SERVED_STALE, current, key)
        return [self._partition(index, current) for index in found]

    def _start_after_fork(self) -> None:
        if self._started_in is not None and self._started_in != os.getpid():
            self.start()

    def _observe(self) -> tuple[Current, Freshness]:
        self._start_after_fork()
        # This order: what is served is read before the clock.
        current = self._feed.current
        now = self._feed.clock()
        if now < current.stale_at:
            return current, Freshness.FRESH
        promised = current.kept_until is not None and now < current.kept_until
        return current, Freshness.PROMISED if promised else Freshness.STALE

    def _resolve(self, key: Sequence[Key], current: Current, freshness: Freshness) -> RoutedPartition:
        lookup = current.lookup
        if lookup is None:
            return self._answer(MissReason.NO_MAP, current, key)
        try:
            found = lookup.find(key)
        except PartitionMapError as error:
            invalid = error.code is MapErrorCode.INVALID
            reason = MissReason.UNPLACEABLE if invalid else MissReason.UNREADABLE
            return self._answer(reason, current, key)
        entry, why = verdict(lookup.document, found, freshness, self._when_stale, self._on_miss)
        if entry is None:
            return self._answer(why or MissReason.UNCOVERED, current, key)
        if why is not None:
            self._miss(why, current, _text(key))
        return self._partition(entry, current)

    def _answer(self, reason: MissReason, current: Current, key: Sequence[Key]) -> RoutedPartition:
        miss = self._miss(reason, current, _text(key))
        if self._on_miss is not OnMiss.PARENT:
            raise miss
        return RoutedPartition(self.entity.schema, self.entity.table, None, current.version)

    def _partition(self, index: int, current: Current) -> RoutedPartition:
        assert current.lookup is not None
        entry = current.lookup.document.entries[index]
        return RoutedPartition(entry.schema, entry.name, entry.state, current.version)

    def _age(self, current: Current) -> float | None:
        return None if current.confirmed_at is None else max(0.0, self._feed.clock() - current.confirmed_at)

    # Misses

    def _miss(self, reason: MissReason, current: Current, key: str) -> RoutingMiss:
        """Makes the miss, counts and logs it."""
        document = current.document
        miss = RoutingMiss(
            reason,
            self.entity,
            key,
            None if document is None else current.version,
            self._age(current),
            None if document is None else document.coverage,
        )
        self._metrics.increment("partition_routing_miss_total", reason.value)
        # No lock: two threads at once may log one line too many, and none waits for another.
        now = time.monotonic()
        until, unlogged = self._silences.get(reason, (0.0, 0))
        if now < until:
            self._silences[reason] = (until, unlogged + 1)
            return miss
        self._silences[reason] = (now + LOG_INTERVAL, 0)
        self._logger.warning("%s; unlogged before: %d; %s", miss, unlogged, self._map_text(SHOWN_PARTITIONS))
        if self._logger.isEnabledFor(logging.DEBUG):
            self._logger.debug("the whole map that was asked: %s", self._map_text(None))
        return miss

    def _map_text(self, limit: int | None) -> str:
        document = self._feed.current.document
        if document is None:
            return "no map"
        texts = [
            f"{entry.name} {entry.state.value} {' / '.join(map(short_text, entry.path))}" for entry in document.entries
        ]
        if limit is not None and len(texts) > limit:
            half = limit // 2
            texts = [*texts[:half], f"… {len(texts) - 2 * half} more …", *texts[-half:]]
        return ", ".join(texts)


def _text(key: Sequence[Key]) -> str:
    return ", ".join("NULL" if value is None else str(value) for value in key)
