# SPDX-License-Identifier: Apache-2.0
# Part of partition-cli. See LICENSE and CONTRIBUTING.md.
"""Real servers of the tests' own, on free ports of 127.0.0.1. A missing program is a failure, never a skip."""

from __future__ import annotations

import base64
import json
import os
import pwd
import shutil
import signal
import socket
import subprocess
import tempfile
import time
import urllib.error
import urllib.request
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

import psycopg
import redis

from partition_router import EntityName
from partition_router.stores.consul import spelled

Fields = dict[str, str]


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def eventually(what: str, condition: Callable[[], object], seconds: float = 60) -> None:
    """Waits for the condition; the bound is only there so that a hanging test ends."""
    end = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > end:
            raise AssertionError(f"not within {seconds} s: {what}")
        time.sleep(0.02)


class Server:
    """A process in a directory of its own; what it prints lands there."""

    name = "server"

    def __init__(self) -> None:
        self.port = free_port()
        self.directory = Path(tempfile.mkdtemp(prefix="router-"))
        self.directory.chmod(0o777)
        self._process: subprocess.Popen[bytes] | None = None

    def command(self) -> list[str]:
        raise NotImplementedError

    def is_ready(self) -> bool:
        raise NotImplementedError

    def prepare(self) -> None:
        """Once, before the first start."""

    def start(self) -> None:
        """Starts it, also after a kill, and waits until it answers."""
        self.launch()
        self.wait()

    def launch(self) -> None:
        with open(self.directory / "log", "ab") as log:
            self._process = subprocess.Popen(
                self.command(), stdin=subprocess.DEVNULL, stdout=log, stderr=log, start_new_session=True, cwd="/"
            )
        self._note(f"{self._process.pid}\n")

    def wait(self) -> None:
        try:
            eventually(f"{self.name} answers", self._answers)
        except AssertionError as error:
            raise AssertionError(f"{error}\n{(self.directory / 'log').read_text()[-2000:]}") from None

    def _answers(self) -> bool:
        if self._process is not None and self._process.poll() is not None:
            raise AssertionError(f"{self.name} ended: {(self.directory / 'log').read_text()[-2000:]}")
        return self.is_ready()

    def send(self, number: signal.Signals) -> None:
        assert self._process is not None
        self._process.send_signal(number)

    def kill(self) -> None:
        self.send(signal.SIGKILL)
        assert self._process is not None
        self._process.wait()

    def pause(self) -> None:
        self.send(signal.SIGSTOP)

    def resume(self) -> None:
        self.send(signal.SIGCONT)

    def stop(self) -> None:
        if self._process is not None and self._process.poll() is None:
            self.resume()
            self.kill()
        self._note(None)
        shutil.rmtree(self.directory, ignore_errors=True)

    def _note(self, text: str | None) -> None:
        """Tells the test run about the process, so that it can end what a killed test left."""
        place = os.environ.get("PARTITION_CLI_TEST_STATE")
        if place:
            file = Path(place) / f"python-{self.name}-{self.port}.pid"
            if text is None:
                file.unlink(missing_ok=True)
            else:
                file.write_text(text)


class Store(Server):
    """A registry's server, and what a test may do to it behind the publisher's back."""

    @property
    def url(self) -> str:
        raise NotImplementedError

    def write(self, entity: EntityName, fields: Fields, document: bytes, prefix: str = "") -> None:
        """Publishes as partition-cli does, but without any check."""
        raise NotImplementedError

    def write_header(self, entity: EntityName, fields: Fields) -> None:
        """The header alone; the document stays."""
        raise NotImplementedError

    def flush(self) -> None:
        raise NotImplementedError

    def hint(self, entity: EntityName) -> None:
        """Says that something changed where nothing did, if the store has a way to."""


class Redis(Store):
    name = "redis"

    def __init__(self, *options: str) -> None:
        super().__init__()
        self.options = options

    @property
    def url(self) -> str:
        return f"redis://127.0.0.1:{self.port}?timeout=2"

    def command(self) -> list[str]:
        # What is written stands in the file before it is answered: a kill loses nothing.
        return [
            "redis-server", "--port", str(self.port), "--bind", "127.0.0.1", "--dir", str(self.directory), "--save", "",
            "--appendonly", "yes", "--appendfsync", "always", *self.options,
        ]  # fmt: skip

    def client(self) -> redis.Redis:
        password = self.options[self.options.index("--requirepass") + 1] if "--requirepass" in self.options else None
        return redis.Redis(port=self.port, password=password, socket_timeout=5)

    def is_ready(self) -> bool:
        try:
            return bool(self.client().ping())
        except redis.RedisError:
            return False

    def _meta(self, entity: EntityName, prefix: str = "") -> str:
        return f"{{{prefix}partition_map:{entity.store_key}}}:meta"

    def write(self, entity: EntityName, fields: Fields, document: bytes, prefix: str = "") -> None:
        with self.client() as client, client.pipeline() as pipeline:
            pipeline.hset(self._meta(entity, prefix), mapping={**fields, "document": document})
            pipeline.publish(f"{prefix}partition_map_updated:{entity.store_key}", "x")
            pipeline.execute()

    def write_header(self, entity: EntityName, fields: Fields) -> None:
        with self.client() as client:
            client.hset(self._meta(entity), mapping=dict(fields))
        self.hint(entity)

    def flush(self) -> None:
        with self.client() as client:
            client.flushall()

    def hint(self, entity: EntityName) -> None:
        with self.client() as client:
            client.publish(f"partition_map_updated:{entity.store_key}", "x")


class HTTPStore(Store):
    def ask(self, method: str, path: str, body: object = None) -> bytes:
        content = body if isinstance(body, bytes) else None if body is None else json.dumps(body).encode()
        request = urllib.request.Request(f"http://127.0.0.1:{self.port}{path}", content, method=method)
        for name, value in self.headers().items():
            request.add_header(name, value)
        with urllib.request.urlopen(request, timeout=10) as answer:
            content = answer.read()
            assert isinstance(content, bytes)
            return content

    def headers(self) -> dict[str, str]:
        return {}

    def is_ready(self) -> bool:
        try:
            return self.answers()
        except (OSError, ValueError, urllib.error.URLError):
            return False

    def answers(self) -> bool:
        raise NotImplementedError

    def put(self, changes: list[tuple[str, bytes]]) -> None:
        """Several keys in one transaction."""
        raise NotImplementedError

    def write(
        self, entity: EntityName, fields: Fields, document: bytes, prefix: str = "", size: int = 256 << 10
    ) -> None:
        root = f"{prefix}partition_map/{entity.store_key}/"
        chunks = [document[start : start + size] for start in range(0, len(document), size)] or [b""]
        for number, chunk in enumerate(chunks):
            self.put([(f"{root}{fields['version']}/{number}", chunk)])
        header = fields | {"chunks": str(len(chunks))}
        self.put([(root + "header", json.dumps(header, sort_keys=True, separators=(",", ":")).encode())])

    def write_header(self, entity: EntityName, fields: Fields) -> None:
        self.put([(f"partition_map/{entity.store_key}/header", json.dumps(fields).encode())])


def _base64(content: bytes) -> str:
    return base64.b64encode(content).decode()


class Etcd(HTTPStore):
    name = "etcd"

    @property
    def url(self) -> str:
        return f"etcd://127.0.0.1:{self.port}?timeout=2"

    def command(self) -> list[str]:
        place, peer = f"http://127.0.0.1:{self.port}", f"http://127.0.0.1:{self._peer}"
        return [
            "etcd", "--data-dir", str(self.directory / "data"), "--listen-client-urls", place, "--advertise-client-urls",
            place, "--listen-peer-urls", peer, "--initial-advertise-peer-urls", peer, "--name", self.member,
            "--initial-cluster", ",".join(f"{each.member}=http://127.0.0.1:{each._peer}" for each in self.cluster),
        ]  # fmt: skip

    def __init__(self) -> None:
        super().__init__()
        self._peer = free_port()
        self.member = f"m{self.port}"
        #: All members, itself too.
        self.cluster: list[Etcd] = [self]
        self.token: str | None = None

    def headers(self) -> dict[str, str]:
        return {"Authorization": self.token} if self.token else {}

    def answers(self) -> bool:
        return b"true" in self.ask("GET", "/health")

    def put(self, changes: list[tuple[str, bytes]]) -> None:
        puts = [{"request_put": {"key": _base64(key.encode()), "value": _base64(value)}} for key, value in changes]
        self.ask("POST", "/v3/kv/txn", {"success": puts})

    def is_leader(self) -> bool:
        status = json.loads(self.ask("POST", "/v3/maintenance/status", {}))
        return bool(status["leader"] == status["header"]["member_id"])

    def flush(self) -> None:
        self.ask("POST", "/v3/kv/deleterange", {"key": _base64(b"\0"), "range_end": _base64(b"\0")})


class Consul(HTTPStore):
    name = "consul"

    def __init__(self, token: str | None = None) -> None:
        super().__init__()
        self.token = token
        self._ports = [free_port() for _ in range(3)]

    @property
    def url(self) -> str:
        return f"consul://127.0.0.1:{self.port}?timeout=2"

    def headers(self) -> dict[str, str]:
        return {"X-Consul-Token": self.token} if self.token else {}

    def command(self) -> list[str]:
        server, lan, wan = self._ports
        ports = {"http": self.port, "server": server, "serf_lan": lan, "serf_wan": wan, "dns": -1, "grpc": -1}
        settings: dict[str, object] = {"ports": ports, "performance": {"raft_multiplier": 1}}
        if self.token:
            settings["acl"] = {"enabled": True, "default_policy": "deny", "tokens": {"master": self.token}}
        (self.directory / "settings.json").write_text(json.dumps(settings))
        program = os.environ.get("PARTITION_CLI_CONSUL") or "consul"
        return [
            program, "agent", "-server", "-bootstrap-expect=1", "-bind=127.0.0.1", "-client=127.0.0.1",
            f"-data-dir={self.directory / 'data'}", f"-config-file={self.directory / 'settings.json'}", "-log-level=warn",
        ]  # fmt: skip

    def answers(self) -> bool:
        # Once it has a leader a key can be written.
        return self.ask("PUT", "/v1/kv/ready", b"x").strip() == b"true"

    def put(self, changes: list[tuple[str, bytes]]) -> None:
        sets = [{"KV": {"Verb": "set", "Key": spelled(key), "Value": _base64(value)}} for key, value in changes]
        self.ask("PUT", "/v1/txn", sets)

    def flush(self) -> None:
        self.ask("DELETE", "/v1/kv/?recurse")


class Postgres(Store):
    """The programs are those of PARTITION_CLI_PG_BIN; PostgreSQL refuses to run as root."""

    name = "postgres"

    def __init__(self) -> None:
        super().__init__()
        self._bin = Path(os.environ["PARTITION_CLI_PG_BIN"])
        user = pwd.getpwnam("postgres").pw_uid if os.getuid() == 0 else os.getuid()
        os.chown(self.directory, user, -1)
        self._as_user = ["setpriv", "--reuid=postgres", "--regid=postgres", "--init-groups", "--"] if os.getuid() == 0 else []
        subprocess.run(
            [
                *self._as_user, str(self._bin / "initdb"), "--no-sync", "--auth=trust", "--username=postgres", "--encoding=UTF8",
                "--no-locale", "-D", str(self.directory / "data"),
            ],
            check=True, capture_output=True, cwd="/",
        )  # fmt: skip

    @property
    def url(self) -> str:
        return f"postgres://postgres@127.0.0.1:{self.port}/postgres?connect_timeout=2"

    def command(self) -> list[str]:
        # A crash may leave the lock of a process that is gone.
        settings = ["listen_addresses=127.0.0.1", f"unix_socket_directories={self.directory}", "fsync=off"]
        options = [word for setting in settings for word in ("-c", setting)]
        return [*self._as_user, str(self._bin / "postgres"), "-D", str(self.directory / "data"), "-p", str(self.port), *options]

    def connect(self) -> psycopg.Connection[Any]:
        return psycopg.connect(self.url, autocommit=True)

    def is_ready(self) -> bool:
        try:
            with self.connect() as connection:
                return connection.execute("SELECT 1").fetchone() is not None
        except psycopg.Error:
            return False

    def start(self) -> None:
        for attempt in range(100):
            try:
                super().start()
                return
            except AssertionError:
                # The dead server's children hold its memory for a moment.
                if attempt == 99 or "pre-existing shared memory" not in (self.directory / "log").read_text():
                    raise
                time.sleep(0.1)

    def pause(self) -> None:
        self._send_all(signal.SIGSTOP)

    def resume(self) -> None:
        self._send_all(signal.SIGCONT)

    def _send_all(self, number: signal.Signals) -> None:
        for pid in self._family():
            # A connection's process may have ended meanwhile.
            with suppress(ProcessLookupError):
                os.kill(pid, number)

    def _family(self) -> list[int]:
        assert self._process is not None
        found = [self._process.pid]
        children = subprocess.run(["ps", "-o", "pid=", "--ppid", str(found[0])], capture_output=True, text=True)
        return found + [int(word) for word in children.stdout.split()]

    def write(self, entity: EntityName, fields: Fields, document: bytes, prefix: str = "") -> None:
        key = f"{prefix}/{entity}" if prefix else str(entity)
        with self.connect() as connection, connection.transaction():
            connection.execute(
                """
                INSERT INTO partition_registry.map (entity, version, checksum, size, chunks, system_identifier, database,
                  timeline, lsn, key_kind, document) VALUES (%s, %s, %s, %s, %s, %s, %s, %s, %s::pg_lsn, 'opaque', %s)
                ON CONFLICT (entity) DO UPDATE SET (version, checksum, size, chunks, system_identifier, database,
                  timeline, lsn, document) = (EXCLUDED.version, EXCLUDED.checksum, EXCLUDED.size, EXCLUDED.chunks,
                  EXCLUDED.system_identifier, EXCLUDED.database, EXCLUDED.timeline, EXCLUDED.lsn, EXCLUDED.document)
                """,
                (key, *_postgres_fields(fields), document),
            )
            connection.execute("SELECT pg_notify('partition_map_updated', %s)", (f"{fields['version']} {key}",))

    def write_header(self, entity: EntityName, fields: Fields) -> None:
        with self.connect() as connection:
            row = connection.execute(
                "SELECT document FROM partition_registry.map WHERE entity = %s", (str(entity),)
            ).fetchone()
        assert row is not None
        self.write(entity, fields, bytes(row[0]))

    def flush(self) -> None:
        with self.connect() as connection:
            connection.execute("DELETE FROM partition_registry.map")

    def hint(self, entity: EntityName) -> None:
        with self.connect() as connection:
            connection.execute("SELECT pg_notify('partition_map_updated', %s)", (f"1 {entity}",))


def _postgres_fields(fields: Fields) -> list[str]:
    names = ("version", "checksum", "size", "chunks", "systemIdentifier", "database", "timeline", "lsn")
    return [fields[name] for name in names]


def install_schema(server: Postgres) -> None:
    """The registry's schema, as partition-cli makes it: by asking for this database as the registry."""
    with server.connect() as connection:
        monthly(connection, "schema_probe", "at date NOT NULL")
    rotate(server, server.url, "schema_probe", buffer_days=1)
    with server.connect() as connection:
        connection.execute("DROP TABLE schema_probe")
        connection.execute("DELETE FROM partition_registry.map")


def execute(connection: psycopg.Connection[Any], statement: str) -> psycopg.Cursor[Any]:
    """A statement that the tests put together from names of their own."""
    return connection.execute(statement.encode())


def monthly(connection: psycopg.Connection[Any], table: str, columns: str) -> None:
    """A table partitioned by its column ``at``, with the last, this and the next month."""
    execute(connection, f"CREATE TABLE {table} ({columns}) PARTITION BY RANGE (at)")
    months = connection.execute(
        "SELECT (date_trunc('month', now()) + n * interval '1 month')::date::text FROM generate_series(-1, 2) n"
    ).fetchall()
    for (start,), (end,) in zip(months, months[1:]):
        name = f"{table}_{start[:7].replace('-', '_')}"
        execute(connection, f"CREATE TABLE {name} PARTITION OF {table} FOR VALUES FROM ('{start}') TO ('{end}')")


def rotate(server: Postgres, registry: str, table: str, *more: str, buffer_days: int = 60) -> None:
    """Runs the real partition-cli on a table."""
    program = os.environ["PARTITION_CLI_PROGRAM"]
    done = subprocess.run(
        [
            program, "rotate", "--config=none", f"--db-url={server.url}", f"--registry-url={registry}", f"--table={table}",
            f"--buffer-days={buffer_days}", *more,
        ],
        capture_output=True, text=True, timeout=120,
    )  # fmt: skip
    if done.returncode != 0:
        raise AssertionError(f"partition-cli rotate: exit {done.returncode}\n{done.stdout}\n{done.stderr}")


STORES: dict[str, type[Store]] = {"redis": Redis, "postgres": Postgres, "etcd": Etcd, "consul": Consul}


def started(store: str) -> Store:
    """A fresh store, empty, with the registry's schema where there is one."""
    server = STORES[store]()
    try:
        server.start()
        if isinstance(server, Postgres):
            install_schema(server)
    except BaseException:
        server.stop()
        raise
    return server
