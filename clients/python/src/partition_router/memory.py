# SPDX-License-Identifier: Apache-2.0
# Part of partition-cli. See LICENSE and CONTRIBUTING.md.
"""A registry inside the process: for the tests of an application."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import AsyncIterator
from contextlib import suppress

from .header import PartitionMapHeader
from .names import EntityName
from .registry import Hint, PublishedMap, Registry


class MemoryRegistry(Registry):
    """Holds what :meth:`put` gave it. For tests; nothing else publishes there."""

    def __init__(self) -> None:
        self._maps: dict[EntityName, PublishedMap] = {}
        self._lock = threading.Lock()
        self._listeners: list[tuple[asyncio.AbstractEventLoop, asyncio.Event]] = []

    def put(self, entity: EntityName, published: PublishedMap | None) -> None:
        """Replaces a table's map, or removes it, without a check. From any thread."""
        with self._lock:
            if published is None:
                self._maps.pop(entity, None)
            else:
                self._maps[entity] = published
            listeners = list(self._listeners)
        for loop, event in listeners:
            # One that closed has nobody left who waits.
            with suppress(RuntimeError):
                loop.call_soon_threadsafe(event.set)

    async def header(self, entity: EntityName) -> PartitionMapHeader | None:
        found = self._maps.get(entity)
        return None if found is None else found.header

    async def load(self, entity: EntityName) -> PublishedMap | None:
        return self._maps.get(entity)

    async def watch(self, entity: EntityName) -> AsyncIterator[Hint]:
        listener = (asyncio.get_running_loop(), asyncio.Event())
        with self._lock:
            self._listeners.append(listener)
        try:
            yield Hint.RECONNECTED
            while True:
                await listener[1].wait()
                listener[1].clear()
                yield Hint.CHANGED
        finally:
            with self._lock:
                self._listeners.remove(listener)

    async def close(self) -> None:
        """Nothing to close."""
