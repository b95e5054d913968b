# SPDX-License-Identifier: Apache-2.0
# Part of partition-cli. See LICENSE and CONTRIBUTING.md.
"""Partition maps in Redis, 5 or later; over redis-py."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import suppress
from typing import Any

import redis.asyncio
import redis.exceptions
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff

from ..errors import PartitionMapError, RegistryError, RegistryErrorCode
from ..header import FIELDS, PartitionMapHeader
from ..names import EntityName
from ..registry import Hint, PublishedMap, corrupt_header, published
from ..url import Target
from . import tls
from .loops import PerLoop

#: How often a quiet connection is asked whether it still lives.
_HEARTBEAT = 10.0

class _Link:
    def __init__(self) -> None:
        self.lock = asyncio.Lock()
        # Any: what its commands answer isn't typed.
        self.client: Any = None


class RedisRegistry:
    """A connection for reading, shared by all tables of an event loop, and one for each table that is watched."""

    def __init__(self, target: Target) -> None:
        self._target = target
        self._links = PerLoop(_Link)

    async def header(self, entity: EntityName) -> PartitionMapHeader | None:
        values = await self._ask("HMGET", self._meta(entity), *FIELDS)
        if not isinstance(values, list) or len(values) != len(FIELDS):
            raise _odd()
        fields = {name: _bytes(value) for name, value in zip(FIELDS, values) if value is not None}
        return _header(fields) if fields else None

    async def load(self, entity: EntityName) -> PublishedMap | None:
        # One command: no read is torn.
        reply = await self._ask("HGETALL", self._meta(entity))
        # RESP2 has a list of names and values, RESP3 a map; the client gives either as it is configured.
        if isinstance(reply, dict):
            items = list(reply.items())
        elif isinstance(reply, list) and len(reply) % 2 == 0:
            items = list(zip(reply[::2], reply[1::2]))
        else:
            raise _odd()
        fields = {_bytes(name).decode("utf-8", "replace"): _bytes(value) for name, value in items}
        return await published(entity, _header(fields), fields.get("document", b"")) if fields else None

    async def watch(self, entity: EntityName) -> AsyncIterator[Hint]:
        client = await self._connect()
        listening = client.pubsub()
        try:
            await listening.subscribe(f"{self._target.prefix}partition_map_updated:{entity.store_key}")
            message = await listening.get_message(timeout=self._target.timeout)
            if message is None:
                raise TimeoutError
            if message["type"] != "subscribe":
                raise _odd()
            yield Hint.RECONNECTED
            while True:
                message = await listening.get_message(timeout=_HEARTBEAT)
                if message is None:
                    # A connection can be dead without anybody saying so.
                    await listening.ping()
                    message = await listening.get_message(timeout=self._target.timeout)
                    if message is None:
                        raise TimeoutError
                if message["type"] == "message":
                    yield Hint.CHANGED
        except Exception as error:
            raise _error(error, self._target) from None
        finally:
            await _close(listening)
            await _close(client)

    async def close(self) -> None:
        link = self._links.take()
        if link is not None and link.client is not None:
            await _close(link.client)

    def _meta(self, entity: EntityName) -> str:
        return f"{{{self._target.prefix}partition_map:{entity.store_key}}}:meta"

    async def _ask(self, *command: str) -> Any:
        link = self._links.get()
        async with link.lock:
            done = False
            if link.client is None:
                link.client = await self._connect()
            try:
                async with asyncio.timeout(self._target.timeout):
                    # REPLICAOF makes a replica of a primary under its clients, who keep their connections.
                    if not _is_primary(await link.client.execute_command("ROLE")):
                        raise _replica()
                    reply = await link.client.execute_command(*command)
                done = True
                return reply
            except Exception as error:
                raise _error(error, self._target) from None
            finally:
                if not done:
                    # A server that became a replica, or is away, may have left the primary's role to another endpoint.
                    client, link.client = link.client, None
                    await _close(client)

    async def _connect(self) -> Any:
        """The first endpoint that is a primary and lets us in: a replica's answers may be old."""
        failure = RegistryError(RegistryErrorCode.UNREACHABLE, "the registry URL names no endpoint")
        password = self._target.current_password()
        for host, port in self._target.endpoints:
            client = self._client(host, port, password)
            try:
                async with asyncio.timeout(self._target.timeout):
                    role = await client.execute_command("ROLE")
                if _is_primary(role):
                    return client
                found = _replica()
            except Exception as error:
                found = _error(error, self._target, f" at {host}:{port}")
            await _close(client)
            # A refusal says more than that another endpoint is away.
            if failure.code is not RegistryErrorCode.REFUSED:
                failure = found
        raise failure

    def _client(self, host: str, port: int, password: str | None) -> Any:
        target = self._target
        options: dict[str, Any] = {}
        if target.tls:
            # Said here: redis-py tells of a file that is missing as of a lost connection.
            tls.context(target)
            options = {
                "ssl": True,
                "ssl_ca_certs": target.authority,
                "ssl_certfile": target.certificate,
                "ssl_keyfile": target.key,
                "ssl_check_hostname": True,
            }
        return redis.asyncio.Redis(
            host=host,
            port=port,
            db=target.database,
            username=target.user if password is not None else None,
            password=password,
            socket_connect_timeout=target.timeout,
            client_name="partition-router",
            # A router tries again by itself, and looks then who is the primary.
            retry=Retry(NoBackoff(), 0),
            single_connection_client=True,
            **options,
        )


def _is_primary(role: Any) -> bool:
    return isinstance(role, list | tuple) and bool(role) and role[0] in (b"master", "master")


def _replica() -> RegistryError:
    return RegistryError(RegistryErrorCode.UNREACHABLE, "the Redis server is a replica", "name the primary in the URL")


async def _close(thing: Any) -> None:
    # That it ends is what is asked for.
    with suppress(Exception):
        await thing.aclose()


def _bytes(value: object) -> bytes:
    if not isinstance(value, bytes):
        raise _odd()
    return value


def _header(fields: dict[str, bytes]) -> PartitionMapHeader:
    texts: dict[str, str] = {}
    for name in FIELDS:
        with suppress(UnicodeDecodeError):
            if name in fields:
                texts[name] = fields[name].decode("utf-8")
    try:
        return PartitionMapHeader.of_fields(texts)
    except PartitionMapError as error:
        raise corrupt_header(error) from None


def _odd() -> RegistryError:
    return RegistryError(RegistryErrorCode.UNREACHABLE, "Redis answered in an unexpected form")


def _error(error: Exception, target: Target, place: str = "") -> RegistryError:
    if isinstance(error, RegistryError):
        return error
    refused = (
        redis.exceptions.AuthenticationError,
        redis.exceptions.AuthorizationError,
        redis.exceptions.NoPermissionError,
    )
    if isinstance(error, refused):
        return RegistryError(RegistryErrorCode.REFUSED, "Redis refused the user, the password or the command")
    if isinstance(error, TimeoutError | redis.exceptions.TimeoutError):
        return RegistryError(RegistryErrorCode.UNREACHABLE, f"Redis{place} didn't answer in time")
    if isinstance(error, redis.exceptions.ResponseError):
        word = str(error).split(" ")[0]
        if word == "WRONGTYPE":
            return RegistryError(RegistryErrorCode.CORRUPT, "the registry's key in Redis holds something else")
        return RegistryError(RegistryErrorCode.UNREACHABLE, "Redis answered with an error")
    if isinstance(error, redis.exceptions.ConnectionError | OSError):
        return tls.lost(error, f"Redis{place}", target)
    # The client's parser has exceptions of all kinds for what no Redis answers.
    return _odd()
