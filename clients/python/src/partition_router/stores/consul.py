# SPDX-License-Identifier: Apache-2.0
# Part of partition-cli. See LICENSE and CONTRIBUTING.md.
"""Partition maps in Consul's KV store; over httpx."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from urllib.parse import quote

from ..errors import RegistryError, RegistryErrorCode, printable
from ..header import PartitionMapHeader
from ..names import EntityName
from ..registry import Hint
from ..url import Target
from .http import (
    Answer,
    ChunkedRegistry,
    FoundHeader,
    check_size,
    decoded,
    folder,
    number,
    read_header,
)

#: Seconds that a blocking query waits for a change; Consul adds up to a sixteenth.
_WAIT = 10
#: At least so many seconds lie between two questions of a watch: one that returns at once is asked no more often. That is so where
#: a proxy doesn't know blocking queries, and for an absent key while others change.
_PACE = 0.1


class ConsulRegistry(ChunkedRegistry):
    def __init__(self, target: Target) -> None:
        super().__init__(target, "Consul")

    async def watch(self, entity: EntityName) -> AsyncIterator[Hint]:
        """Blocking queries on the header, which may also return unchanged."""
        path = self._path(folder(self._target, entity) + "header")
        index = _index(await self._get(f"{path}?consistent"))
        yield Hint.RECONNECTED
        clock = asyncio.get_running_loop().time
        while True:
            began = clock()
            answer = await self._get(
                f"{path}?consistent&index={index}&wait={_WAIT}s", _WAIT * 17 / 16 + self._target.timeout
            )
            now = _index(answer)
            if now != index:
                yield Hint.CHANGED
            # An index that goes backwards, as after a restore, begins anew; 0 wouldn't block, and 1 returns at once.
            index = now if now >= index else 1
            await asyncio.sleep(max(0.0, began + _PACE - clock()))

    def _path(self, key: str) -> str:
        return "/v1/kv/" + quote(spelled(key), safe="/")

    async def _get(self, path: str, timeout: float | None = None) -> Answer:
        token = self._target.current_password()
        # It goes into a header.
        if token is not None and not all(0x20 <= ord(letter) < 0x7F for letter in token):
            raise RegistryError(
                RegistryErrorCode.REFUSED, "the registry's token has characters in it that no token has"
            )
        headers = {} if token is None else {"X-Consul-Token": token}
        return await self._link.ask("GET", path, _judge, headers, timeout=timeout)

    async def _value(self, key: str) -> tuple[int, bytes] | None:
        answer = await self._get(self._path(key) + "?consistent")
        if answer.status == 404:
            return None
        entries = answer.json()
        if not isinstance(entries, list) or len(entries) != 1 or not isinstance(entries[0], dict):
            raise _odd()
        revision, value = entries[0].get("ModifyIndex"), entries[0].get("Value")
        # An empty value is null.
        content = b"" if value is None else decoded(value)
        # True is an int too.
        if type(revision) is not int or revision <= 0 or content is None:
            raise _odd()
        return revision, content

    async def _found(self, entity: EntityName) -> FoundHeader | None:
        found = await self._value(folder(self._target, entity) + "header")
        return None if found is None else FoundHeader(found[0], read_header(found[1]))

    async def _chunks(self, entity: EntityName, header: PartitionMapHeader) -> list[bytes]:
        """Up to the first that is missing."""
        chunks: list[bytes] = []
        for piece in range(header.chunks):
            found = await self._value(f"{folder(self._target, entity)}{header.version}/{piece}")
            if found is None:
                break
            chunks.append(found[1])
            check_size(chunks)
        return chunks


def spelled(key: str) -> str:
    """A key as Consul has it, which refuses those with characters that it calls unprintable: all but ASCII is percent-encoded."""
    return "".join(letter if letter.isascii() else quote(letter) for letter in key)


def _odd() -> RegistryError:
    return RegistryError(RegistryErrorCode.UNREACHABLE, "Consul answered in an unexpected form")


def _index(answer: Answer) -> int:
    found = number(answer.headers.get("x-consul-index"))
    if found is None:
        raise _odd()
    # Never 0, which wouldn't block.
    return max(1, found)


def _judge(answer: Answer) -> RegistryError | None:
    # 404 is an absent key, which has an index too; something else that answers has none, and another endpoint may be Consul.
    if answer.status in (200, 404) and "x-consul-index" in answer.headers:
        return None
    if answer.status in (401, 403):
        return RegistryError(
            RegistryErrorCode.REFUSED,
            "Consul refused access: the token isn't known, or its policies lack the keys",
            'key_prefix "partition_map/" { policy = "read" } (after prefix=)',
        )
    if answer.status == 429 or answer.status >= 500:
        return RegistryError(
            RegistryErrorCode.UNREACHABLE,
            f"Consul can't answer now ({printable(answer.body.decode('utf-8', 'replace'))})",
            "has it a leader and a quorum?",
        )
    return RegistryError(
        RegistryErrorCode.UNREACHABLE, f"what answers there isn't Consul (HTTP status {answer.status})"
    )
