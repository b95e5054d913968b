# SPDX-License-Identifier: Apache-2.0
# Part of partition-cli. See LICENSE and CONTRIBUTING.md.
"""Partition maps in etcd, 3.4 or later, through its JSON gateway; over httpx."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import aclosing
from typing import Any

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
    encoded,
    folder,
    number,
    read_header,
)

#: Chunks asked for at once: with base64 under 3 MiB an answer.
_BATCH = 8
#: Seconds between two questions whether the endpoint that is watched still reads linearizably.
_HEARTBEAT = 10.0


class _TokenExpired(RegistryError):
    def __init__(self) -> None:
        super().__init__(RegistryErrorCode.REFUSED, "etcd doesn't know its token any more", "try again")


class EtcdRegistry(ChunkedRegistry):
    def __init__(self, target: Target) -> None:
        super().__init__(target, "etcd")
        self._token: str | None = None

    async def watch(self, entity: EntityName) -> AsyncIterator[Hint]:
        """From the moment it begins, never from a revision: what was missed is made up for by reading."""
        try:
            # One that reads linearizably, asked first.
            _, base = await self._ask("/v3/kv/range", self._range(entity))
            async for hint in self._watch(entity, base):
                yield hint
        except RegistryError:
            # Whatever it was: the next watch begins with a new token.
            self._token = None
            raise

    async def _watch(self, entity: EntityName, base: str) -> AsyncIterator[Hint]:
        # A member that loses its leader then says so; otherwise the watch would hang.
        headers = await self._headers() | {"Grpc-Metadata-hasleader": "true"}
        question = {"create_request": {"key": encoded(self._header_key(entity))}}
        lines = self._link.lines(base, "/v3/watch", _judge, headers, question)
        found: asyncio.Queue[Hint | RegistryError] = asyncio.Queue(1)
        reading = asyncio.create_task(_read(lines, found))
        clock = asyncio.get_running_loop().time
        beat = clock() + _HEARTBEAT
        try:
            hint = await _next(found, clock() + self._target.timeout)
            if hint is None:
                # One that takes the question and says nothing would be listened to for ever.
                raise self._link.error(TimeoutError(), base)
            yield hint
            while True:
                hint = await _next(found, beat)
                if hint is not None:
                    yield hint
                if clock() >= beat:
                    # A connection can be dead, and a member cut off from the others, without anybody saying so.
                    await self._ask("/v3/kv/range", self._range(entity), only=base)
                    beat = clock() + _HEARTBEAT
        finally:
            reading.cancel()
            await asyncio.gather(reading, return_exceptions=True)

    def _header_key(self, entity: EntityName) -> str:
        return folder(self._target, entity) + "header"

    def _range(self, entity: EntityName) -> dict[str, str]:
        return {"key": encoded(self._header_key(entity))}

    async def _found(self, entity: EntityName) -> FoundHeader | None:
        answer, _ = await self._ask("/v3/kv/range", self._range(entity))
        entry = _entry(answer)
        if entry is None:
            return None
        revision = number(entry.get("mod_revision"))
        if not revision:
            raise _odd()
        return FoundHeader(revision, read_header(_value(entry)))

    async def _chunks(self, entity: EntityName, header: PartitionMapHeader) -> list[bytes]:
        """Up to the first that is missing."""
        chunks: list[bytes] = []
        root = f"{folder(self._target, entity)}{header.version}/"
        for start in range(0, header.chunks, _BATCH):
            pieces = range(start, min(start + _BATCH, header.chunks))
            reads = [{"request_range": {"key": encoded(f"{root}{piece}")}} for piece in pieces]
            answer, _ = await self._ask("/v3/kv/txn", {"success": reads})
            responses = answer.get("responses")
            if not isinstance(responses, list) or len(responses) != len(reads):
                raise _odd()
            for response in responses:
                entry = _entry(response.get("response_range") or {}) if isinstance(response, dict) else None
                if entry is None:
                    return chunks
                chunks.append(_value(entry))
            check_size(chunks)
        return chunks

    async def _ask(
        self, path: str, body: object, only: str | None = None
    ) -> tuple[dict[str, Any], str]:
        """Asks, and once more with a new token when the old one isn't known any more."""
        for attempt in (1, 2):
            headers = await self._headers()
            try:
                answer = await self._link.ask("POST", path, _judge_signed, headers, body, only=only)
            except _TokenExpired:
                self._token = None
                if attempt == 2 or self._target.user is None:
                    raise
                continue
            return answer.json(), answer.base
        raise _odd()

    async def _headers(self) -> dict[str, str]:
        if self._target.user is None:
            return {}
        if self._token is None:
            credentials = {"name": self._target.user, "password": self._target.current_password() or ""}
            answer = await self._link.ask("POST", "/v3/auth/authenticate", _judge, {}, credentials)
            value = answer.json()
            token = value.get("token") if isinstance(value, dict) else None
            # It goes into a header.
            if not isinstance(token, str) or not token or not all(0x20 < ord(letter) < 0x7F for letter in token):
                raise _odd()
            self._token = token
        return {"Authorization": self._token}


async def _read(lines: AsyncGenerator[bytes, None], found: asyncio.Queue[Hint | RegistryError]) -> None:
    """Reads no further than somebody takes what was found."""
    try:
        async with aclosing(lines):
            async for line in lines:
                hint = _hint(line)
                if hint is not None:
                    await found.put(hint)
    except Exception as error:
        # Whatever it is: who waits for it would wait for ever.
        await found.put(error if isinstance(error, RegistryError) else _odd())


async def _next(found: asyncio.Queue[Hint | RegistryError], end: float) -> Hint | None:
    """None where nothing was found until then, by the loop's clock."""
    try:
        async with asyncio.timeout_at(end):
            hint = await found.get()
    except TimeoutError:
        return None
    if isinstance(hint, RegistryError):
        raise hint
    return hint


def _judge_signed(answer: Answer) -> RegistryError | None:
    """As ``_judge``, and by what all of etcd's answers have: another endpoint may be etcd."""
    error = _judge(answer)
    if error is not None:
        return error
    value = answer.json()
    header = value.get("header") if isinstance(value, dict) else None
    return None if isinstance(header, dict) and "cluster_id" in header else _odd()


def _odd() -> RegistryError:
    return RegistryError(RegistryErrorCode.UNREACHABLE, "etcd answered in an unexpected form")


def _entry(found: object) -> dict[str, Any] | None:
    """The one key that was asked for; None when it isn't there."""
    # What is empty isn't there.
    entries = found.get("kvs", []) if isinstance(found, dict) else None
    if not isinstance(entries, list) or (entries and not isinstance(entries[0], dict)):
        raise _odd()
    return entries[0] if entries else None


def _value(entry: dict[str, Any]) -> bytes:
    content = decoded(entry.get("value", ""))
    if content is None:
        raise _odd()
    return content


def _hint(line: bytes) -> Hint | None:
    """What a line of a watch's answer says; raises RegistryError when it says that the watch is over."""
    try:
        value = json.loads(line)
    except (ValueError, RecursionError):
        raise _odd() from None
    if not isinstance(value, dict):
        raise _odd()
    if isinstance(value.get("error"), dict):
        error = value["error"]
        raise _of_code(error.get("grpc_code") or error.get("code") or 14, error.get("message"))
    result = value.get("result")
    if not isinstance(result, dict):
        return None
    if result.get("canceled") is True:
        reason = result.get("cancel_reason")
        if isinstance(reason, str) and "permission denied" in reason:
            raise _of_code(7, "")
        # A compaction's, or another one: begin anew.
        raise RegistryError(RegistryErrorCode.UNREACHABLE, "etcd ended the watch")
    if result.get("created") is True:
        return Hint.RECONNECTED
    return Hint.CHANGED if result.get("events") else None


def _judge(answer: Answer) -> RegistryError | None:
    if answer.status == 200:
        return None
    value = answer.json()
    if not isinstance(value, dict) or not isinstance(value.get("code"), int):
        if answer.status == 404:
            return RegistryError(
                RegistryErrorCode.UNSUPPORTED,
                "what answers there has no /v3/ interface",
                "etcd 3.4 or later, with its gRPC gateway enabled",
            )
        return RegistryError(
            RegistryErrorCode.UNREACHABLE, f"what answers there isn't etcd (HTTP status {answer.status})"
        )
    return _of_code(value["code"], value.get("message") or value.get("error"))


def _of_code(code: object, text: object) -> RegistryError:
    """By gRPC's code; by the server's text only where the code says too little."""
    words = text if isinstance(text, str) else ""
    if code == 16 or (code == 3 and "revision of auth store is old" in words):
        return _TokenExpired()
    if code == 3 and "authentication failed" in words:
        return RegistryError(RegistryErrorCode.REFUSED, "etcd refused the user or password")
    if code == 3 and "user name is empty" in words:
        return RegistryError(
            RegistryErrorCode.REFUSED, "etcd asks for a user and password", "etcd://user:password@host"
        )
    if code == 7:
        return RegistryError(RegistryErrorCode.REFUSED, "etcd refused access: the user's roles lack the keys")
    if code in (1, 2, 4, 8, 13, 14):
        return RegistryError(
            RegistryErrorCode.UNREACHABLE,
            f"etcd can't answer now ({printable(words)})",
            "has it a leader and a quorum?",
        )
    return RegistryError(RegistryErrorCode.REFUSED, f"etcd answered with an error ({printable(words)})")
