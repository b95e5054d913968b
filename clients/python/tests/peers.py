# SPDX-License-Identifier: Apache-2.0
# Part of partition-cli. See LICENSE and CONTRIBUTING.md.
"""What a client must stand: peers that answer what no server of the store's does. Where a server behaves, tests use a real one."""

from __future__ import annotations

import socket
import threading
from collections.abc import Callable
from contextlib import suppress
from typing import NamedTuple, Self


class Request(NamedTuple):
    """What a peer was asked over HTTP."""

    head: bytes
    body: bytes

    @property
    def path(self) -> str:
        return self.head.split(b" ")[1].decode()

    def header(self, name: str) -> str | None:
        for line in self.head.split(b"\r\n")[1:]:
            found, _, value = line.decode("latin-1").partition(":")
            if found.lower() == name:
                return value.strip()
        return None


class Connection:
    """Of somebody to a peer; ends by itself with what answers on it."""

    def __init__(self, link: socket.socket, ended: threading.Event) -> None:
        self.link = link
        #: Of the peer: whoever waits here for nothing goes on then.
        self.ended = ended
        self.sent = 0

    def send(self, content: bytes) -> None:
        self.link.sendall(content)
        self.sent += len(content)

    def answer(self, status: int, body: bytes, *headers: str) -> None:
        self.send(head(status, f"Content-Length: {len(body)}", *headers) + body)

    def begin(self, status: int, *headers: str) -> None:
        """An answer in chunks, whose end never comes."""
        self.send(head(status, "Transfer-Encoding: chunked", *headers))

    def chunk(self, content: bytes) -> None:
        self.send(b"%x\r\n%s\r\n" % (len(content), content))

    def say_nothing(self) -> None:
        """Until the other side gives up, or the test is over."""
        self.link.settimeout(0.1)
        while not self.ended.is_set():
            with suppress(TimeoutError):
                if not self.link.recv(1 << 16):
                    return


def head(status: int, *headers: str) -> bytes:
    lines = [f"HTTP/1.1 {status} Whatever", "Connection: close", *headers, "", ""]
    return "\r\n".join(lines).encode()


class Peer:
    """Listens on a port of 127.0.0.1; each connection has a thread of its own."""

    def __init__(self) -> None:
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port = int(self._listener.getsockname()[1])
        self._ended = threading.Event()
        self._threads: list[threading.Thread] = []
        self.connections: list[Connection] = []

    def serve(self, connection: Connection) -> None:
        raise NotImplementedError

    def __enter__(self) -> Self:
        self._start(self._accept)
        return self

    def __exit__(self, *_: object) -> None:
        self._ended.set()
        # Wakes whoever waits there.
        self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        for connection in self.connections:
            with suppress(OSError):
                connection.link.shutdown(socket.SHUT_RDWR)
        for thread in self._threads:
            thread.join()

    def _start(self, body: Callable[[], None]) -> None:
        thread = threading.Thread(target=body, daemon=True)
        self._threads.append(thread)
        thread.start()

    def _accept(self) -> None:
        while True:
            try:
                link, _ = self._listener.accept()
            except OSError:
                return
            connection = Connection(link, self._ended)
            self.connections.append(connection)
            self._start(lambda connection=connection: self._serve(connection))  # type: ignore[misc]

    def _serve(self, connection: Connection) -> None:
        # Whoever has heard enough hangs up.
        with connection.link, suppress(OSError):
            self.serve(connection)


class HTTPPeer(Peer):
    """Gives a connection's one request to ``respond``."""

    def __init__(self, respond: Callable[[Request, Connection], None]) -> None:
        super().__init__()
        self._respond = respond
        self.requests: list[Request] = []

    def serve(self, connection: Connection) -> None:
        text = b""
        while b"\r\n\r\n" not in text:
            text += self._read(connection)
        head_, _, body = text.partition(b"\r\n\r\n")
        request = Request(head_, body)
        while len(body) < int(request.header("content-length") or 0):
            body += self._read(connection)
        request = Request(head_, body)
        self.requests.append(request)
        self._respond(request, connection)

    def _read(self, connection: Connection) -> bytes:
        found = connection.link.recv(1 << 16)
        if not found:
            raise ConnectionError
        return found


class RedisPeer(Peer):
    """Passes everything on to a real Redis and back, but answers one command itself."""

    def __init__(self, port: int, command: str) -> None:
        super().__init__()
        self._redis = port
        self._command = command.encode()
        self.reply = b""

    def serve(self, connection: Connection) -> None:
        with socket.create_connection(("127.0.0.1", self._redis)) as redis:
            self._start(lambda: self._back(redis, connection))
            while content := connection.link.recv(1 << 16):
                if self._command in content:
                    connection.send(self.reply)
                else:
                    redis.sendall(content)
            redis.shutdown(socket.SHUT_RDWR)

    def _back(self, redis: socket.socket, connection: Connection) -> None:
        with suppress(OSError):
            while content := redis.recv(1 << 16):
                connection.send(content)
