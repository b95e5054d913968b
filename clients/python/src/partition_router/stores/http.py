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
from collections.abc import Callable, Mapping
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
        http = httpx.AsyncClient(verify=verify, timeout=self.target.timeout, limits=limits, trust_env=False)
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
        """After ``judge`` calls an answer unreachable, the next endpoint is asked; its other errors are raised.

        With ``only``, nobody but that one is asked.
        """
        failure = RegistryError(RegistryErrorCode.UNREACHABLE, "the registry URL names no endpoint")
        first = self._preferred
        for step in range(len(self.bases)):
            number = (first + step) % len(self.bases)
            if only is not None and self.bases[number] != only:
                continue
            try:
                answer = await self._ask(self.bases[number], method, path, headers, body, timeout)
                error = judge(answer)
                if error is None:
                    self._preferred = number
                    return answer
            except RegistryError as raised:
                # A refusal says more than that another endpoint is away.
                if failure.code is not RegistryErrorCode.REFUSED:
                    failure = raised
                continue
            # Every endpoint would refuse it.
            if error.code is not RegistryErrorCode.UNREACHABLE:
                raise error
            if failure.code is not RegistryErrorCode.REFUSED:
                failure = error
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
                    parts: list[bytes] = []
                    async for part in response.aiter_bytes():
                        parts.append(part)
                        if sum(map(len, parts)) > ANSWER_LIMIT:
                            raise RegistryError(
                                RegistryErrorCode.UNREACHABLE, f"{self.name} sent an answer that is too long"
                            )
                    return Answer(response.status_code, response.headers, b"".join(parts), base)
        except (httpx.HTTPError, httpx.StreamError, OSError, TimeoutError) as error:
            raise self.error(error) from None

    def error(self, error: BaseException) -> RegistryError:
        """An answer that didn't come."""
        if isinstance(error, TimeoutError | httpx.TimeoutException):
            return RegistryError(RegistryErrorCode.UNREACHABLE, f"{self.name} didn't answer in time")
        return tls.lost(error, self.name, self.target)


def decoded(value: object) -> bytes | None:
    """The bytes of a base64 text; None for what isn't one."""
    if not isinstance(value, str):
        return None
    try:
        return base64.b64decode(value, validate=True)
    except (binascii.Error, ValueError):
        return None


def encoded(text: str) -> str:
    return base64.b64encode(text.encode()).decode()


def printable(text: object) -> str:
    """Server text for a log: short, and without control characters."""
    return "".join(letter if letter.isprintable() else "?" for letter in str(text)[:80])


def folder(target: Target, entity: EntityName) -> str:
    """Begins every key of a table: ``header`` there, and the chunks at ``{version}/{n}`` from 0."""
    return f"{target.prefix}partition_map/{entity.store_key}/"


def read_header(content: bytes) -> PartitionMapHeader:
    try:
        return PartitionMapHeader.parse(content)
    except PartitionMapError as error:
        raise corrupt_header(error) from None


def assembled(entity: EntityName, header: PartitionMapHeader, chunks: list[bytes]) -> PublishedMap:
    return published(entity, header, b"".join(chunks))


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
                return assembled(entity, found.header, chunks)
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
