# SPDX-License-Identifier: Apache-2.0
# Part of partition-cli. See LICENSE and CONTRIBUTING.md.
"""Partition maps in the schema ``partition_registry`` of a PostgreSQL database, 15 or later; over psycopg."""

from __future__ import annotations

import asyncio
import os
import re
import socket
from collections.abc import AsyncIterator, Coroutine
from contextlib import suppress
from typing import Any, TypeVar

import psycopg
from psycopg.rows import TupleRow

from ..errors import PartitionMapError, RegistryError, RegistryErrorCode, printable
from ..header import FIELDS, PartitionMapHeader
from ..names import EntityName
from ..registry import Hint, PublishedMap, corrupt_header, published
from .loops import PerLoop

#: In the order of FIELDS, and then whether the server is a standby.
_HEADER = (
    "version::text, checksum, size::text, chunks::text, system_identifier, database, timeline::text, lsn::text, "
    "pg_is_in_recovery()"
)
#: Seconds for each statement. A registry's are small; a longer one waits for a lock or a dead server.
_DEADLINE = 10.0
#: How often a quiet connection is asked whether it still lives.
_HEARTBEAT = 10.0

Value = TypeVar("Value")

_Connection = psycopg.AsyncConnection[TupleRow]


class _Link:
    """A connection that several reads share, one after the other."""

    def __init__(self) -> None:
        self.lock = asyncio.Lock()
        self.connection: _Connection | None = None


class PostgresRegistry:
    """Reading needs ``USAGE`` on the schema and ``SELECT`` on its tables.

    A connection for reading, shared by all tables of an event loop, and one for each table that is watched.
    """

    def __init__(self, conninfo: str, prefix: str = "") -> None:
        self._conninfo = conninfo
        # No name begins with a slash, so that no other installation's key is ours.
        self._prefix = f"{prefix}/" if prefix else ""
        self._links = PerLoop(_Link)

    async def header(self, entity: EntityName) -> PartitionMapHeader | None:
        row = await self._row(f"SELECT {_HEADER} FROM partition_registry.map WHERE entity = %s", entity)
        return None if row is None else _header(row)

    async def load(self, entity: EntityName) -> PublishedMap | None:
        row = await self._row(
            f"SELECT {_HEADER}, document FROM partition_registry.map WHERE entity = %s", entity
        )
        if row is None:
            return None
        if not isinstance(row[-1], bytes | bytearray | memoryview):
            raise _odd()
        return await published(entity, _header(row), bytes(row[-1]))

    async def watch(self, entity: EntityName) -> AsyncIterator[Hint]:
        connection = await self._open()
        try:
            # Once promoted, it can be listened to.
            if await _bounded(connection, _is_standby(connection)):
                raise _standby()
            await _bounded(connection, connection.execute("LISTEN partition_map_updated"))
            yield Hint.RECONNECTED
            async for hint in self._listen(connection, entity):
                yield hint
        except Exception as error:
            raise _error(error) from None
        finally:
            with suppress(psycopg.Error, OSError):
                await connection.close()

    async def close(self) -> None:
        link = self._links.take()
        if link is not None and link.connection is not None:
            with suppress(psycopg.Error, OSError):
                await link.connection.close()

    def _key(self, entity: EntityName) -> str:
        return self._prefix + str(entity)

    async def _listen(self, connection: _Connection, entity: EntityName) -> AsyncIterator[Hint]:
        while True:
            async for notification in connection.notifies(timeout=_HEARTBEAT):
                # The version, a space and the stored key.
                if notification.payload.partition(" ")[2] == self._key(entity):
                    yield Hint.CHANGED
            # A connection can be dead without anybody saying so.
            await _bounded(connection, connection.execute("SELECT 1"))

    async def _open(self) -> _Connection:
        try:
            async with asyncio.timeout(_DEADLINE):
                # In SQL_ASCII, which a database may have, the client would take texts for bytes.
                return await psycopg.AsyncConnection.connect(
                    self._conninfo,
                    autocommit=True,
                    prepare_threshold=None,
                    application_name="partition-router",
                    client_encoding="UTF8",
                )
        except Exception as error:
            raise _error(error, connecting=True) from None

    async def _row(self, statement: str, entity: EntityName) -> TupleRow | None:
        link = self._links.get()
        async with link.lock:
            # A connection that broke while idle is noticed by the first try, and isn't the server's fault.
            fresh = link.connection is None or link.connection.closed
            if fresh:
                link.connection = await self._open()
            try:
                return await self._ask(link, statement, entity)
            except Exception as error:
                if fresh or not isinstance(error, psycopg.OperationalError) or error.sqlstate is not None:
                    raise _error(error) from None
            link.connection = await self._open()
            try:
                return await self._ask(link, statement, entity)
            except Exception as error:
                raise _error(error) from None

    async def _ask(self, link: _Link, statement: str, entity: EntityName) -> TupleRow | None:
        connection = link.connection
        assert connection is not None
        done = False
        try:
            row = await _bounded(connection, _first(connection, statement, (self._key(entity),)))
            if row is not None and row[len(FIELDS)]:
                # Of several hosts the next read may find the primary.
                raise _standby()
            done = True
            return row
        finally:
            if not done:
                # Also when this task is cancelled: half an answer may be on the way.
                link.connection = None
                with suppress(psycopg.Error, OSError):
                    await connection.close()


async def _first(connection: _Connection, statement: str, parameters: tuple[str, ...]) -> TupleRow | None:
    cursor = await connection.execute(statement.encode(), parameters, binary=True)
    return await cursor.fetchone()


async def _is_standby(connection: _Connection) -> bool:
    row = await _first(connection, "SELECT pg_is_in_recovery()", ())
    return row is not None and bool(row[0])


async def _bounded(connection: _Connection, body: Coroutine[Any, Any, Value]) -> Value:
    """With a time limit, and an end when this task is cancelled: psycopg would go on waiting for a server that hangs.

    Raises TimeoutError; the connection isn't to be used any more then.
    """
    asking = asyncio.ensure_future(body)
    done: set[asyncio.Future[Value]] = set()
    try:
        done, _ = await asyncio.wait({asking}, timeout=_DEADLINE)
    finally:
        if not done:
            # Whoever waits for the answer reads the connection's end instead.
            with suppress(psycopg.Error, OSError):
                descriptor = socket.socket(fileno=os.dup(connection.fileno()))
                with descriptor:
                    descriptor.shutdown(socket.SHUT_RDWR)
            asking.add_done_callback(lambda ended: ended.cancelled() or ended.exception())
    if not done:
        raise TimeoutError
    return asking.result()


def _standby() -> RegistryError:
    return RegistryError(
        RegistryErrorCode.UNREACHABLE,
        "the registry's server is a standby, which can't tell how old its maps are",
        "name the primary in the URL; of several hosts target_session_attrs=primary takes it",
    )


def _odd() -> RegistryError:
    return RegistryError(RegistryErrorCode.UNREACHABLE, "PostgreSQL answered in an unexpected form")


def _header(row: TupleRow) -> PartitionMapHeader:
    try:
        return PartitionMapHeader.of_fields({name: str(value) for name, value in zip(FIELDS, row)})
    except PartitionMapError as error:
        raise corrupt_header(error) from None


def _error(error: Exception, connecting: bool = False) -> RegistryError:
    """By SQLSTATE, never by the message's text, which may quote a connection string."""
    if isinstance(error, RegistryError):
        return error
    state = getattr(error, "sqlstate", None) or ""
    if isinstance(error, TimeoutError):
        return RegistryError(RegistryErrorCode.UNREACHABLE, "PostgreSQL didn't answer in time")
    if state in ("3F000", "42P01"):
        return RegistryError(
            RegistryErrorCode.NOT_INSTALLED,
            "the database has no schema partition_registry",
            "is it the right database? partition-cli init makes the schema",
        )
    if state == "42501" or state[:2] == "28":
        return RegistryError(
            RegistryErrorCode.REFUSED,
            f"PostgreSQL refused access ({state})",
            "USAGE on the schema partition_registry and SELECT on its tables, or another user or password",
        )
    if state == "3D000":
        return RegistryError(RegistryErrorCode.REFUSED, "the registry's database doesn't exist")
    if connecting and isinstance(error, psycopg.ProgrammingError | UnicodeError):
        return RegistryError(RegistryErrorCode.REFUSED, "the registry's connection string can't be read")
    if not isinstance(error, psycopg.Error | OSError):
        return _odd()
    what = "can't be reached" if connecting else "ended the connection" if not state else "can't answer now"
    said = f" ({state})" if state else ""
    if connecting:
        # What the server said; the rest of libpq's text may quote the connection string.
        fatal = re.search(r"FATAL: +([^\n]+)", str(error))
        if fatal is not None:
            said = f": {printable(fatal[1])}"
    return RegistryError(RegistryErrorCode.UNREACHABLE, f"PostgreSQL {what}{said}")
