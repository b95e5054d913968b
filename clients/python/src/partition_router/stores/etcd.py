# SPDX-License-Identifier: Apache-2.0
# Part of partition-cli. See LICENSE and CONTRIBUTING.md.
"""Partition maps in etcd, 3.4 or later, through its JSON gateway; over httpx."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from typing import Any

import httpx

from ..errors import RegistryError, RegistryErrorCode
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
    printable,
    read_header,
)

#: Chunks asked for at once: with base64 under 3 MiB an answer.
_BATCH = 8
#: Seconds between two questions whether the endpoint that is watched still reads linearizably.
_HEARTBEAT = 10.0
#: Of a line of a watch's answer, in bytes.
_LINE_LIMIT = 4 << 20


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
        except _TokenExpired:
            # The next one asks for another.
            self._token = None
            raise

    async def _watch(self, entity: EntityName, base: str) -> AsyncIterator[Hint]:
        # A member that loses its leader then says so; otherwise the watch would hang.
        headers = await self._headers() | {"Grpc-Metadata-hasleader": "true", "Content-Type": "application/json"}
        body = json.dumps({"create_request": {"key": encoded(self._header_key(entity))}}).encode()
        lines: asyncio.Queue[Hint | RegistryError] = asyncio.Queue()
        reading = asyncio.create_task(self._read_lines(base, headers, body, lines))
        try:
            while True:
                try:
                    async with asyncio.timeout(_HEARTBEAT):
                        found = await lines.get()
                except TimeoutError:
                    # A connection can be dead, and a member cut off from the others, without anybody saying so.
                    await self._ask("/v3/kv/range", self._range(entity), only=base)
                    continue
                if isinstance(found, RegistryError):
                    raise found
                yield found
        finally:
            reading.cancel()

    async def _read_lines(
        self, base: str, headers: dict[str, str], body: bytes, lines: asyncio.Queue[Hint | RegistryError]
    ) -> None:
        timeout = httpx.Timeout(self._target.timeout, read=None)
        failure = RegistryError(RegistryErrorCode.UNREACHABLE, "etcd ended the connection")
        try:
            client = await self._link.client()
            async with client.stream(
                "POST", base + "/v3/watch", headers=headers, content=body, timeout=timeout
            ) as response:
                if response.status_code != 200:
                    answer = Answer(response.status_code, response.headers, await response.aread(), base)
                    raise _judge(answer) or failure
                pending = b""
                async for part in response.aiter_bytes():
                    *whole, pending = (pending + part).split(b"\n")
                    for line in whole:
                        hint = _hint(line)
                        if hint is not None:
                            lines.put_nowait(hint)
                    if len(pending) > _LINE_LIMIT:
                        raise RegistryError(RegistryErrorCode.UNREACHABLE, "etcd sent a line that is too long")
        except RegistryError as error:
            failure = error
        except (httpx.HTTPError, httpx.StreamError, OSError) as error:
            failure = self._link.error(error)
        lines.put_nowait(failure)

    def _header_key(self, entity: EntityName) -> str:
        return folder(self._target, entity) + "header"

    def _range(self, entity: EntityName) -> dict[str, str]:
        return {"key": encoded(self._header_key(entity))}

    async def _found(self, entity: EntityName) -> FoundHeader | None:
        answer, _ = await self._ask("/v3/kv/range", self._range(entity))
        entries = answer.get("kvs") or []
        if not entries:
            return None
        content, revision = decoded(entries[0].get("value", "")), entries[0].get("mod_revision")
        if content is None or not isinstance(revision, str) or not revision.isdigit() or len(revision) > 19:
            raise _odd()
        return FoundHeader(int(revision), read_header(content))

    async def _chunks(self, entity: EntityName, header: PartitionMapHeader) -> list[bytes]:
        """Up to the first that is missing."""
        chunks: list[bytes] = []
        root = f"{folder(self._target, entity)}{header.version}/"
        for start in range(0, header.chunks, _BATCH):
            numbers = range(start, min(start + _BATCH, header.chunks))
            reads = [{"request_range": {"key": encoded(f"{root}{number}")}} for number in numbers]
            answer, _ = await self._ask("/v3/kv/txn", {"success": reads})
            responses = answer.get("responses")
            if not isinstance(responses, list) or len(responses) != len(reads):
                raise _odd()
            for response in responses:
                entries = (response.get("response_range") or {}).get("kvs")
                if not entries:
                    return chunks
                content = decoded(entries[0].get("value", ""))
                if content is None:
                    raise _odd()
                chunks.append(content)
            check_size(chunks)
        return chunks

    async def _ask(
        self, path: str, body: object, only: str | None = None
    ) -> tuple[dict[str, Any], str]:
        """Asks, and once more with a new token when the old one isn't known any more."""
        for attempt in (1, 2):
            headers = await self._headers()
            try:
                answer = await self._link.ask("POST", path, _judge, headers, body, only=only)
            except _TokenExpired:
                self._token = None
                if attempt == 2 or self._target.user is None:
                    raise
                continue
            value = answer.json()
            if not isinstance(value, dict):
                raise _odd()
            return value, answer.base
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


def _odd() -> RegistryError:
    return RegistryError(RegistryErrorCode.UNREACHABLE, "etcd answered in an unexpected form")


def _hint(line: bytes) -> Hint | None:
    """What a line of a watch's answer says; raises RegistryError when it says that the watch is over."""
    if not line.strip():
        return None
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
        if "permission denied" in str(result.get("cancel_reason")):
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
    words = str(text)
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
            f"etcd can't answer now ({printable(text)})",
            "has it a leader and a quorum?",
        )
    return RegistryError(RegistryErrorCode.REFUSED, f"etcd answered with an error ({printable(text)})")
