# SPDX-License-Identifier: Apache-2.0
# Part of partition-cli. See LICENSE and CONTRIBUTING.md.
"""What the clients of etcd and Consul share: asking over HTTP, and a document in pieces."""

from __future__ import annotations

import asyncio
import base64
import binascii
import json
import ssl
from abc import ABC, abstractmethod
from collections.abc import AsyncGenerator, Callable, Mapping
from contextlib import suppress
from typing import Any, NamedTuple

import httpx

from ..document import MAXIMUM_SIZE
from ..errors import PartitionMapError, RegistryError, RegistryErrorCode
from ..header import PartitionMapHeader
from ..names import EntityName
from ..registry import PublishedMap, corrupt_header, published
from ..url import Target
from . import tls
from .loops import PerLoop

#: Of an answer, in bytes; a longer one is refused.
ANSWER_LIMIT = 16 << 20
#: Of a line of an answer that goes on and on, in bytes.
LINE_LIMIT = 4 << 20
#: How often a reader that was overtaken by publishes begins again.
ATTEMPTS = 5


class Answer(NamedTuple):
    status: int
    headers: Mapping[str, str]
    body: bytes
    #: Where it came from.
    base: str

    def json(self) -> Any:
        """None for what isn't JSON."""
        try:
            return json.loads(self.body)
        except (ValueError, RecursionError):
            return None


#: The higher ones say more: a refusal than that another endpoint is away.
_TELLING = {RegistryErrorCode.REFUSED: 2, RegistryErrorCode.UNSUPPORTED: 1}


def _telling(one: RegistryError, other: RegistryError) -> RegistryError:
    """Which of two endpoints' failures is told; the later one where both say as much."""
    return one if _TELLING.get(one.code, 0) > _TELLING.get(other.code, 0) else other


class FoundHeader(NamedTuple):
    """A header, and the store's number of its last change."""

    revision: int
    header: PartitionMapHeader


class Client(NamedTuple):
    http: httpx.AsyncClient
    #: Which files of TLS it was configured with; others once somebody has replaced one.
    stamps: tls.Stamps


class HTTPLink:
    """Asks each endpoint, beginning with the one that answered last, until one answers. Follows no redirection."""

    def __init__(self, target: Target, name: str) -> None:
        self.target = target
        self.name = name
        scheme = "https" if target.tls else "http"
        self.bases = [
            f"{scheme}://{f'[{host}]' if ':' in host else host}:{port}" for host, port in target.endpoints
        ]
        self._preferred = 0
        self._clients = PerLoop(self._client)

    def _client(self) -> Client:
        # Before the files are read: one that is replaced meanwhile is read anew the next time.
        stamps = tls.stamps(self.target)
        verify: ssl.SSLContext | bool = tls.context(self.target) if self.target.tls else False
        limits = httpx.Limits(max_connections=None, max_keepalive_connections=4)
        # Environment variables for proxies are none of a registry's business.
        # What is packed can be a thousand times as large as what was counted: it isn't asked for.
        headers = {"Accept-Encoding": "identity", "User-Agent": "partition-router"}
        http = httpx.AsyncClient(
            verify=verify,
            timeout=self.target.timeout,
            limits=limits,
            headers=headers,
            trust_env=False,
            # It could take the secrets elsewhere.
            follow_redirects=False,
        )
        return Client(http, stamps)

    async def client(self) -> httpx.AsyncClient:
        """This event loop's. Raises RegistryError (refused) when its files can't be read."""
        client = self._clients.get()
        if client.stamps != tls.stamps(self.target):
            # Whoever still waits for an answer there asks again.
            await self.close()
            client = self._clients.get()
        return client.http

    async def close(self) -> None:
        client = self._clients.take()
        if client is not None:
            # That connections end is what is asked for.
            with suppress(Exception):
                await client.http.aclose()

    async def ask(
        self,
        method: str,
        path: str,
        judge: Callable[[Answer], RegistryError | None],
        headers: Mapping[str, str],
        body: object = None,
        timeout: float | None = None,
        only: str | None = None,
    ) -> Answer:
        """After ``judge`` calls an answer unreachable or unsupported, the next endpoint is asked; its other errors are raised.

        With ``only``, nobody but that one is asked.
        """
        failure = RegistryError(RegistryErrorCode.UNREACHABLE, "the registry URL names no endpoint")
        first = self._preferred
        for step in range(len(self.bases)):
            place = (first + step) % len(self.bases)
            if only is not None and self.bases[place] != only:
                continue
            try:
                answer = await self._ask(self.bases[place], method, path, headers, body, timeout)
            except RegistryError as raised:
                failure = _telling(failure, raised)
                continue
            error = judge(answer)
            if error is None:
                self._preferred = place
                return answer
            # Every endpoint would refuse it. Something else that answers in an endpoint's place speaks for nobody but itself.
            if error.code not in (RegistryErrorCode.UNREACHABLE, RegistryErrorCode.UNSUPPORTED):
                raise error
            failure = _telling(failure, error)
        raise failure

    async def _ask(
        self,
        base: str,
        method: str,
        path: str,
        headers: Mapping[str, str],
        body: object,
        timeout: float | None,
    ) -> Answer:
        content = None if body is None else json.dumps(body).encode()
        # Before the time limit: a missing file is no lost answer.
        client = await self.client()
        try:
            async with asyncio.timeout(timeout or self.target.timeout):
                async with client.stream(
                    method, base + path, headers=headers, content=content, timeout=timeout or self.target.timeout
                ) as response:
                    return Answer(response.status_code, response.headers, await self._body(response), base)
        except Exception as error:
            raise self.error(error, base) from None

    async def _body(self, response: httpx.Response) -> bytes:
        self._must_be_plain(response)
        body = bytearray()
        async for part in response.aiter_raw():
            body += part
            if len(body) > ANSWER_LIMIT:
                raise RegistryError(RegistryErrorCode.UNREACHABLE, f"{self.name} sent an answer that is too long")
        return bytes(body)

    def _must_be_plain(self, response: httpx.Response) -> None:
        if response.headers.get("Content-Encoding", "identity").strip().lower() != "identity":
            raise RegistryError(
                RegistryErrorCode.UNREACHABLE, f"{self.name} sent an answer in an encoding that wasn't asked for"
            )

    async def lines(
        self,
        base: str,
        path: str,
        judge: Callable[[Answer], RegistryError | None],
        headers: Mapping[str, str],
        body: object,
    ) -> AsyncGenerator[bytes, None]:
        """The lines of an answer that goes on and on, as they come, but empty ones; raises RegistryError, also when the answer ends.

        It waits without a limit of time: that is its reader's.
        """
        client = await self.client()
        # A connection made in time; what comes over it may take as long as it likes.
        timeout = httpx.Timeout(self.target.timeout, read=None)
        headers = {**headers, "Content-Type": "application/json"}
        content = json.dumps(body).encode()
        ended = RegistryError(RegistryErrorCode.UNREACHABLE, f"{self.name} ended the connection")
        try:
            async with client.stream("POST", base + path, headers=headers, content=content, timeout=timeout) as response:
                if response.status_code != 200:
                    answer = Answer(response.status_code, response.headers, await self._body(response), base)
                    raise judge(answer) or ended
                self._must_be_plain(response)
                pending = bytearray()
                async for part in response.aiter_raw():
                    *whole, rest = part.split(b"\n")
                    for piece in whole:
                        line, pending = bytes(pending + piece), bytearray()
                        if line.strip():
                            yield line
                    pending += rest
                    if len(pending) > LINE_LIMIT:
                        raise RegistryError(RegistryErrorCode.UNREACHABLE, f"{self.name} sent a line that is too long")
                raise ended
        except Exception as error:
            raise self.error(error, base) from None

    def error(self, error: BaseException, base: str) -> RegistryError:
        """An answer that didn't come, whatever the client says of it: it has exceptions beyond its own."""
        place = f"{self.name} at {base.partition('://')[2]}"
        if isinstance(error, RegistryError):
            return error
        if isinstance(error, TimeoutError | httpx.TimeoutException):
            return RegistryError(RegistryErrorCode.UNREACHABLE, f"{place} didn't answer in time")
        return tls.lost(error, place, self.target)


def decoded(value: object) -> bytes | None:
    """The bytes of a base64 text; None for what isn't one."""
    if not isinstance(value, str):
        return None
    try:
        return base64.b64decode(value, validate=True)
    except (binascii.Error, ValueError):
        return None


def number(value: object) -> int | None:
    """Of the text of a store's number, from 0 up; None for anything else. ``isdigit`` alone takes what ``int`` doesn't."""
    if not isinstance(value, str) or not (value.isascii() and value.isdigit()) or len(value) > 19:
        return None
    return int(value)


def encoded(text: str) -> str:
    return base64.b64encode(text.encode()).decode()


def folder(target: Target, entity: EntityName) -> str:
    """Begins every key of a table: ``header`` there, and the chunks at ``{version}/{n}`` from 0."""
    return f"{target.prefix}partition_map/{entity.store_key}/"


def read_header(content: bytes) -> PartitionMapHeader:
    try:
        return PartitionMapHeader.parse(content)
    except PartitionMapError as error:
        raise corrupt_header(error) from None


def check_size(chunks: list[bytes]) -> None:
    """A header may promise more than anybody published."""
    if sum(map(len, chunks)) > MAXIMUM_SIZE:
        raise RegistryError(
            RegistryErrorCode.CORRUPT, "the published document can't be used: it is too large"
        )


def missing(number: int) -> RegistryError:
    return RegistryError(
        RegistryErrorCode.CORRUPT,
        f"the published document can't be used: its chunk {number} is missing",
        "the next publish repairs it",
    )


def overtaken() -> RegistryError:
    return RegistryError(
        RegistryErrorCode.UNREACHABLE, "the map was replaced several times while it was being read"
    )


class ChunkedRegistry(ABC):
    """Reads a map that lies in pieces under its version: the header first, and again where it changed meanwhile."""

    def __init__(self, target: Target, name: str) -> None:
        self._target = target
        self._link = HTTPLink(target, name)

    async def header(self, entity: EntityName) -> PartitionMapHeader | None:
        found = await self._found(entity)
        return None if found is None else found.header

    async def load(self, entity: EntityName) -> PublishedMap | None:
        found = await self._found(entity)
        for _ in range(ATTEMPTS):
            if found is None:
                return None
            chunks = await self._chunks(entity, found.header)
            if len(chunks) == found.header.chunks:
                return await published(entity, found.header, b"".join(chunks))
            # Collected while it was being read, or missing.
            now = await self._found(entity)
            if now is not None and now.revision == found.revision:
                raise missing(len(chunks))
            found = now
        raise overtaken()

    async def close(self) -> None:
        await self._link.close()

    @abstractmethod
    async def _found(self, entity: EntityName) -> FoundHeader | None:
        """The header, read linearizably; None when nothing is published."""

    @abstractmethod
    async def _chunks(self, entity: EntityName, header: PartitionMapHeader) -> list[bytes]:
        """Up to the first that is missing."""
