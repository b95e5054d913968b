# SPDX-License-Identifier: Apache-2.0
# Part of partition-cli. See LICENSE and CONTRIBUTING.md.
"""The map of one table as one registry has it: carries out what the ReloadMachine decides.

Only one event loop writes ``current``; lookups of any thread read it once, and everything they say rests on that one value.
"""

from __future__ import annotations

import asyncio
import logging
import random
import time
from collections.abc import Callable
from typing import NamedTuple

from .document import PartitionMapDocument
from .errors import RegistryError, RegistryErrorCode
from .lookup import PartitionLookup
from .metrics import Metrics, TableMetrics
from .names import EntityName
from .registry import Registry
from .reload import (
    Action,
    MapIdentity,
    ReadDocument,
    ReadHeader,
    Relation,
    ReloadMachine,
    Renew,
    Take,
    Timing,
    Trouble,
    relation,
)

#: What became known, to be given to the machine with the time at which it is.
_Inbox = asyncio.Queue[Callable[[float], list[Action]]]


def _foreseen(error: Exception) -> RegistryError:
    """An answer that nobody foresaw must not end a router: its map would never be read again."""
    if isinstance(error, RegistryError):
        return error
    return RegistryError(
        RegistryErrorCode.UNREACHABLE, f"the registry answered in an unexpected form ({type(error).__name__})"
    )


#: Seconds: the first pause between two watches, the longest, and how long a watch held that begins with the first again.
_FIRST_PAUSE, _LONGEST_PAUSE, _HELD = 0.1, 5.0, 5.0


class Current(NamedTuple):
    """What is served."""

    lookup: PartitionLookup | None = None
    version: int = 0
    #: Seconds of the monotonic clock: when the last read that found this map was sent.
    confirmed_at: float | None = None
    stale_at: float = float("-inf")
    #: Until when the partitions that the map promises to keep will stay; None without a promise.
    kept_until: float | None = None

    @property
    def document(self) -> PartitionMapDocument | None:
        return None if self.lookup is None else self.lookup.document


class MapFeed:
    """Clock parameters are for tests: ``clock`` in seconds, monotonic; ``wall`` in microseconds since 1970 UTC."""

    def __init__(
        self,
        entity: EntityName,
        registry: Registry,
        logger: logging.Logger,
        metrics: Metrics | None,
        timing: Timing = Timing(),
        clock: Callable[[], float] = time.monotonic,
        wall: Callable[[], int] = lambda: time.time_ns() // 1000,
    ) -> None:
        self.entity = entity
        self.registry = registry
        self.current = Current()
        self.clock = clock
        self._wall = wall
        self._logger = logger
        self._metrics = TableMetrics(str(entity), metrics, logger)
        self._machine = ReloadMachine(timing)
        #: What was just read, and its version; None when it isn't to be served.
        self._pending: tuple[int, PartitionLookup] | None = None
        self._is_hinted = False
        self.on_version: Callable[[int], None] = lambda version: None

    async def run(self) -> None:
        """Keeps the map current until the task is cancelled."""
        actions = self._machine.started(self.clock())
        async with asyncio.TaskGroup() as group:
            inbox: _Inbox = asyncio.Queue()
            self._is_hinted = False
            group.create_task(self._listen(inbox))
            group.create_task(self._tick(inbox))
            while True:
                for action in actions:
                    self._carry_out(action, group, inbox)
                self._pending = None
                if self.current.confirmed_at is not None:
                    age = max(0.0, self.clock() - self.current.confirmed_at)
                    self._metrics.gauge("partition_map_age_seconds", age)
                decide = await inbox.get()
                actions = decide(self.clock())

    async def _tick(self, inbox: _Inbox) -> None:
        while True:
            await asyncio.sleep(1)
            inbox.put_nowait(self._machine.ticked)

    async def _listen(self, inbox: _Inbox) -> None:
        pause = _FIRST_PAUSE
        while True:
            began = time.monotonic()
            try:
                async for _ in self.registry.watch(self.entity):
                    # One that waits to be decided about says as much as a thousand.
                    if not self._is_hinted:
                        self._is_hinted = True
                        inbox.put_nowait(self._hinted)
            except Exception as raised:
                error = _foreseen(raised)
                self._logger.warning("not listening for changes of the map of %s: %s", self.entity, error)
            # Not at each hint: a watch that ends at once gives one first.
            if time.monotonic() - began > _HELD:
                pause = _FIRST_PAUSE
            # Jitter, so that a fleet doesn't come back in one moment.
            await asyncio.sleep(pause * random.uniform(0.5, 1))
            pause = min(pause * 2, _LONGEST_PAUSE)

    def _hinted(self, now: float) -> list[Action]:
        self._is_hinted = False
        return self._machine.hinted(now)

    def _carry_out(
        self,
        action: Action,
        group: asyncio.TaskGroup,
        inbox: _Inbox,
    ) -> None:
        match action:
            case ReadHeader():
                group.create_task(self._read_header(inbox))
            case ReadDocument():
                group.create_task(self._read_map(inbox))
            case Take():
                self._take()
            case Renew():
                self._metrics.gauge("partition_map_conflict", 0)
                self._renew(self.current._replace(confirmed_at=self._machine.confirmed_at))
            case Trouble():
                self._report(action)

    async def _read_header(self, inbox: _Inbox) -> None:
        sent_at = self.clock()
        try:
            header = await self.registry.header(self.entity)
        except Exception as error:
            self._put_failure(inbox, _foreseen(error))
            return
        identity = None if header is None else MapIdentity(header.version, header.checksum)
        inbox.put_nowait(lambda now: self._machine.header_read(identity, sent_at, now))

    async def _read_map(self, inbox: _Inbox) -> None:
        sent_at = self.clock()
        try:
            found = await self.registry.load(self.entity)
            identity = None if found is None else MapIdentity(found.header.version, found.header.checksum)
            pending = None
            # One read at a time: what is served stays the same meanwhile.
            if found is not None and identity is not None and self._is_newer(identity):
                pending = (found.header.version, await self._lookup(found.document))
        except Exception as error:
            self._put_failure(inbox, _foreseen(error))
            return

        def decide(now: float) -> list[Action]:
            self._pending = pending
            return self._machine.document_read(identity, sent_at, now)

        inbox.put_nowait(decide)

    def _is_newer(self, found: MapIdentity) -> bool:
        return relation(found, self._machine.served) is Relation.NEWER

    async def _lookup(self, document: PartitionMapDocument) -> PartitionLookup:
        """The document's index, made in a thread: for a large one that takes a second, and the loop may be the application's."""
        before = self.current.lookup
        # The same document under a higher version needn't be indexed again.
        if before is not None and before.document.content == document.content:
            return before
        return await asyncio.to_thread(PartitionLookup, document)

    def _put_failure(
        self, inbox: _Inbox, error: RegistryError
    ) -> None:
        self._metrics.increment("partition_map_read_failures_total", error.code.value)
        inbox.put_nowait(lambda now: self._machine.failed(error, now))

    def _take(self) -> None:
        if self._pending is None:
            return
        version, lookup = self._pending
        self._renew(Current(lookup, version, self._machine.confirmed_at))
        self._metrics.gauge("partition_map_conflict", 0)
        self._logger.info("version %d of the map of %s is served", version, self.entity)
        self.on_version(version)

    def _renew(self, fresh: Current) -> None:
        confirmed_at, stale_at = fresh.confirmed_at, self._machine.stale_at
        if confirmed_at is None or stale_at is None:
            return
        kept_until = fresh.kept_until
        keep = None if fresh.document is None else fresh.document.keep
        if keep is not None:
            # The promise is a time of the database's clock. Ours may be behind; the version is a time of that clock that has
            # passed. Of two estimates the earlier one counts, so that a step of our clock prolongs nothing.
            end = confirmed_at + (keep.until - max(self._wall(), fresh.version)) / 1_000_000
            kept_until = end if kept_until is None else min(kept_until, end)
        self.current = fresh._replace(stale_at=stale_at, kept_until=kept_until)

    def _report(self, trouble: Trouble) -> None:
        served = self._machine.served
        version = None if served is None else served.version
        match trouble.kind:
            case "conflict":
                self._metrics.gauge("partition_map_conflict", 1)
                self._logger.error(
                    "the registry holds version %d of the map of %s, which doesn't follow the served version %s; that one is "
                    "kept: was the store restored, or does another installation publish there?",
                    trouble.found.version if trouble.found else 0,
                    self.entity,
                    version,
                )
            case "missing":
                self._logger.warning("the registry holds no partition map of %s", self.entity)
            case "failed":
                self._logger.warning(
                    "the map of %s can't be read; version %s is kept: %s", self.entity, version, trouble.error
                )
            case "stale":
                self._logger.error(
                    "the map of %s wasn't confirmed for so long that it is stale; lookups do what when_stale says",
                    self.entity,
                )
            case _:
                self._logger.info("version %s of the map of %s is confirmed again", version, self.entity)
