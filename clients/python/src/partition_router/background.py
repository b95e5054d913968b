# SPDX-License-Identifier: Apache-2.0
# Part of partition-cli. See LICENSE and CONTRIBUTING.md.
"""One event loop in one thread of the process, for routers of applications without asyncio."""

from __future__ import annotations

import asyncio
import os
import threading
from collections.abc import Coroutine
from typing import Any


class Background:
    _loop: asyncio.AbstractEventLoop | None = None
    _process: int | None = None
    lock = threading.RLock()

    @classmethod
    def run(cls, body: Coroutine[Any, Any, None]) -> Running:
        with cls.lock:
            if cls._loop is None or cls._process != os.getpid():
                cls._loop = asyncio.new_event_loop()
                cls._process = os.getpid()
                # A daemon: an application that ends without stopping its routers isn't held up.
                threading.Thread(target=cls._loop.run_forever, name="partition-router", daemon=True).start()
            return Running(body, cls._loop)


class Running:
    """Something that runs there."""

    def __init__(self, body: Coroutine[Any, Any, None], loop: asyncio.AbstractEventLoop) -> None:
        self._done = threading.Event()
        self.future = asyncio.run_coroutine_threadsafe(self._run(body), loop)

    def stop(self, timeout: float) -> None:
        """Ends it, and waits until it has closed what it opened, at most so many seconds."""
        self.future.cancel()
        self._done.wait(timeout)

    async def _run(self, body: Coroutine[Any, Any, None]) -> None:
        try:
            await body
        finally:
            self._done.set()


def _forget() -> None:
    # The child has neither the thread nor anybody who would release the lock.
    Background.lock = threading.RLock()
    Background._loop = None


os.register_at_fork(after_in_child=_forget)
