# SPDX-License-Identifier: Apache-2.0
# Part of partition-cli. See LICENSE and CONTRIBUTING.md.
"""Answers that no store gives: nothing but RegistryError comes of them, in bounded time and memory, and no secret goes elsewhere."""

from __future__ import annotations

import asyncio
import base64
import gzip
import json
import time
import unittest
from collections.abc import Awaitable, Callable
from typing import Any
from unittest import mock

from partition_router import Hint, Registry, RegistryError, RegistryErrorCode, open_registry
from partition_router.stores.http import ANSWER_LIMIT, LINE_LIMIT

from .maps import EVENTS, daily, fields
from .peers import Connection, HTTPPeer, RedisPeer, Request
from .servers import Etcd, Redis, started

Respond = Callable[[Request, Connection], None]


def base64_(content: bytes) -> str:
    return base64.b64encode(content).decode()


DOCUMENT = daily(3)
HEADER = base64_(json.dumps(fields(DOCUMENT, 1)).encode())
#: What each store says of a header that is there.
GOOD = {
    "etcd": json.dumps({"header": {"cluster_id": "1"}, "kvs": [{"value": HEADER, "mod_revision": "7"}]}).encode(),
    "consul": json.dumps([{"Value": HEADER, "ModifyIndex": 7}]).encode(),
}


def signed(body: bytes) -> bytes:
    """With what all of etcd's answers have, so that no reader stops there."""
    return body.replace(b'{"', b'{"header":{"cluster_id":"1"},"', 1) if body.startswith(b'{"') else body


async def _load(registry: Registry) -> None:
    await registry.load(EVENTS)


async def _header(registry: Registry) -> None:
    await registry.header(EVENTS)


async def _watch(registry: Registry) -> None:
    async for _ in registry.watch(EVENTS):
        pass


CALLS: tuple[Callable[[Registry], Awaitable[None]], ...] = (_header, _load, _watch)


class HostileCase(unittest.TestCase):
    def failure(self, url: str, call: Callable[[Registry], Awaitable[None]]) -> RegistryError:
        """What the call raises; that it is nothing else than RegistryError, and comes, is what is tested."""

        async def body() -> None:
            registry = open_registry(url, {})
            try:
                async with asyncio.timeout(60):
                    await call(registry)
            finally:
                await registry.close()

        with self.assertRaises(RegistryError) as raised:
            asyncio.run(body())
        return raised.exception

    def url(self, store: str, peer: HTTPPeer | RedisPeer, credentials: str = "", timeout: int = 5) -> str:
        return f"{store}://{credentials}127.0.0.1:{peer.port}?timeout={timeout}"


class Shapes(HostileCase):
    def test_etcd_ranges(self) -> None:
        bodies = (
            b"", b"[]", b"7", b'"x"', b"null", b'{"kvs":[7]}', b'{"kvs":{"a":1}}', b'{"kvs":"x"}', b'{"kvs":7}',
            b'{"kvs":[null]}', b'{"kvs":[[]]}', b'{"kvs":[{}]}', b'{"kvs":[{"mod_revision":7}]}',
            b'{"kvs":[{"mod_revision":"0"}]}', '{"kvs":[{"mod_revision":"²"}]}'.encode(),
            '{"kvs":[{"mod_revision":"٣"}]}'.encode(), b'{"kvs":[{"mod_revision":"' + b"9" * 5000 + b'"}]}',
            GOOD["etcd"].replace(b'"7"', b'"0"'), GOOD["etcd"].replace(b'"7"', b"7"), b'{"kvs":[{"value":7,"mod_revision":"1"}]}', b'{"kvs":[{"value":"\xc3\xa9","mod_revision":"1"}]}',
            b'{"kvs":[{"value":"e30=","mod_revision":"1"}]}', b'{"kvs":[{"value":"","mod_revision":"1"}]}',
            b"[" * 100_000, b'{"kvs":' + b"9" * 5000 + b"}", b"\xff\xfe", b'{"kvs":NaN}',
        )  # fmt: skip
        self._each("etcd", tuple(signed(body) for body in bodies))
        self._each("etcd", (b'{"kvs":[]}', b'{"header":7}', b'{"header":{}}', b'{"header":[]}', b"{}"))

    def test_etcd_refusals(self) -> None:
        bodies = (
            b"", b"[]", b'{"code":[1]}', b'{"code":true}', b'{"code":3,"message":7}', b'{"code":3,"message":["user name is empty"]}',
            b'{"code":16,"message":{}}', b'{"code":99,"error":' + b"[" * 900 + b"]" * 900 + b"}", b'{"code":1e400}',
        )  # fmt: skip
        for status in (199, 204, 400, 404, 500, 999):
            self._each("etcd", bodies, status)

    def test_etcd_pieces(self) -> None:
        for body in (
            b"{}", b'{"responses":7}', b'{"responses":[7]}', b'{"responses":[[]]}', b'{"responses":[{"response_range":7}]}',
            b'{"responses":[{"response_range":{"kvs":[7]}}]}', b'{"responses":[{"response_range":{"kvs":"x"}}]}',
            b'{"responses":[{"response_range":{"kvs":[{"value":7}]}}]}', b'{"responses":[{},{}]}', b'{"responses":[{}]}',
        ):  # fmt: skip

            def respond(request: Request, connection: Connection) -> None:
                connection.answer(200, signed(body) if request.path == "/v3/kv/txn" else GOOD["etcd"])

            with self.subTest(body[:60]), HTTPPeer(respond) as peer:
                self.failure(self.url("etcd", peer), _load)

    def test_etcd_lines(self) -> None:
        for line in (
            b"x", b"[]", b"7", b'{"error":7}', b'{"error":{"grpc_code":[1],"message":{}}}', b'{"result":7}', b"\xff",
            b'{"result":{"canceled":true,"cancel_reason":["permission denied"]}}', b"[" * 100_000,
            b'{"error":{"message":' + b"[" * 900 + b"]" * 900 + b"}}", b'{"result":{"events":7}}', b"",
        ):  # fmt: skip

            def respond(request: Request, connection: Connection) -> None:
                if request.path != "/v3/watch":
                    return connection.answer(200, GOOD["etcd"])
                connection.begin(200)
                connection.chunk(b'{"result":{"created":true}}\n')
                connection.chunk(line + b"\n")
                connection.send(b"0\r\n\r\n")

            with self.subTest(line[:60]), HTTPPeer(respond) as peer:
                self.failure(self.url("etcd", peer), _watch)

    def test_what_nobody_foresaw_ends_a_watch_of_etcd(self) -> None:
        def respond(request: Request, connection: Connection) -> None:
            if request.path != "/v3/watch":
                return connection.answer(200, GOOD["etcd"])
            connection.begin(200)
            connection.chunk(b'{"result":{"created":true}}\n')
            connection.say_nothing()

        unforeseen = mock.patch("partition_router.stores.etcd._hint", side_effect=KeyError("x"))
        with unforeseen, HTTPPeer(respond) as peer:
            self.assertIn("unexpected form", str(self.failure(self.url("etcd", peer, timeout=60), _watch)))

    def test_etcd_tokens(self) -> None:
        for body in (b"[]", b'{"token":7}', b'{"token":""}', b'{"token":"a\\r\\nX: y"}', '{"token":"é"}'.encode()):
            with self.subTest(body), HTTPPeer(lambda request, connection: connection.answer(200, body)) as peer:
                for call in CALLS:
                    self.failure(self.url("etcd", peer, "u:p@"), call)
                self.assertEqual({request.path for request in peer.requests}, {"/v3/auth/authenticate"})

    def test_consul_values(self) -> None:
        bodies = (
            b"", b"{}", b"7", b"[]", b"[7]", b"[null]", b"[[]]", b"[{}]", b'[{"ModifyIndex":true,"Value":null}]',
            b'[{"ModifyIndex":"7","Value":""}]', b'[{"ModifyIndex":0,"Value":""}]', b'[{"ModifyIndex":7.5,"Value":""}]',
            GOOD["consul"].replace(b": 7", b": true"), GOOD["consul"].replace(b": 7", b": 7.0"), b'[{"ModifyIndex":7,"Value":7}]', b'[{"ModifyIndex":7,"Value":"\xc3\xa9"}]', b'[{"ModifyIndex":7}]', b"[" * 100_000,
        )  # fmt: skip
        self._each("consul", bodies, 200, "X-Consul-Index: ²")
        # The index is that of the answer to a watch, too.
        self._each("consul", (b"[]",), 404, "X-Consul-Index: x", calls=(_watch,))

    def test_consul_indices(self) -> None:
        for index in ("²", "٣", "", "-1", "x", "9" * 5000, "1.5"):
            with self.subTest(index[:20]):
                answer = f"X-Consul-Index: {index}"
                self._each("consul", (GOOD["consul"],), 200, answer, calls=(_watch,))

    def _each(
        self,
        store: str,
        bodies: tuple[bytes, ...],
        status: int = 200,
        *headers: str,
        calls: tuple[Callable[[Registry], Awaitable[None]], ...] = CALLS,
    ) -> None:
        for body in bodies:
            with HTTPPeer(lambda request, connection: connection.answer(status, body, *headers)) as peer:
                for call in calls:
                    with self.subTest(call=call.__name__, status=status, body=body[:60]):
                        self.failure(self.url(store, peer), call)

    def test_redis_replies(self) -> None:
        server = Redis()
        try:
            server.start()
            server.write(EVENTS, fields(DOCUMENT, 1), DOCUMENT)
            for call, command, shapes in (
                (_header, "HMGET", (b"*8\r\n" + b":7\r\n" * 8, b"*1\r\n*1\r\n:1\r\n")),
                (_load, "HGETALL", (b"*3\r\n" + b"$1\r\na\r\n" * 3, b"*2\r\n$1\r\na\r\n:1000000000000\r\n", b"*2\r\n:1\r\n:2\r\n")),
                (_watch, "SUBSCRIBE", (b"*1\r\n$1\r\nx\r\n", b"*0\r\n", b"*3\r\n*0\r\n*0\r\n*0\r\n")),
            ):
                for reply in (*shapes, b":7\r\n", b":abc\r\n", b"+OK\r\n", b"*x\r\n", b"?\r\n", b"*2\r\n$1\r\na\r\n$x\r\n"):
                    with RedisPeer(server.port, command) as peer, self.subTest(command=command, reply=reply[:40]):
                        peer.reply = reply
                        self.failure(self.url("redis", peer, timeout=1), call)
        finally:
            server.stop()


class Bounds(HostileCase):
    """What is too much is refused early: the peer counts what it could send."""

    def test_bodies_without_end(self) -> None:
        for status in (200, 404, 503):
            for store, calls in (("etcd", CALLS), ("consul", (_header,))):
                for call in calls:
                    only = "/v3/watch" if call is _watch else "/"

                    def respond(request: Request, connection: Connection) -> None:
                        if not request.path.startswith(only):
                            return connection.answer(200, GOOD["etcd"])
                        connection.begin(status, "X-Consul-Index: 1")
                        while True:
                            connection.chunk(b"x" * (1 << 16))

                    with self.subTest(store=store, call=call.__name__, status=status), HTTPPeer(respond) as peer:
                        self.assertIn("too long", str(self.failure(self.url(store, peer, timeout=60), call)))
                        self.assertLess(max(each.sent for each in peer.connections), 4 * ANSWER_LIMIT)

    def test_a_long_body_of_known_length(self) -> None:
        def respond(request: Request, connection: Connection) -> None:
            connection.answer(200, b" " * (ANSWER_LIMIT + 1))

        with HTTPPeer(respond) as peer:
            self.assertIn("too long", str(self.failure(self.url("consul", peer, timeout=60), _header)))

    def test_packed_bodies(self) -> None:
        bomb = gzip.compress(gzip.compress(b" " * (2 * ANSWER_LIMIT)))
        self.assertLess(len(bomb), 1 << 20)
        for encoding in ("gzip, gzip", "gzip", "deflate", "br", "x"):
            for store in ("etcd", "consul"):
                for call in CALLS:

                    def respond(request: Request, connection: Connection) -> None:
                        if call is _watch and request.path.startswith("/v3/kv"):
                            return connection.answer(200, GOOD["etcd"])
                        connection.answer(200, bomb, f"Content-Encoding: {encoding}")

                    with self.subTest(encoding=encoding, store=store), HTTPPeer(respond) as peer:
                        self.assertIn("encoding", str(self.failure(self.url(store, peer), call)))
                        asked = {request.header("accept-encoding") for request in peer.requests}
                        self.assertEqual(asked, {"identity"})

    def test_a_line_without_end(self) -> None:
        def respond(request: Request, connection: Connection) -> None:
            if request.path != "/v3/watch":
                return connection.answer(200, GOOD["etcd"])
            connection.begin(200)
            connection.chunk(b'{"result":{"created":true}}\n')
            while True:
                connection.chunk(b"x" * (1 << 16))

        with HTTPPeer(respond) as peer:
            self.assertIn("line that is too long", str(self.failure(self.url("etcd", peer), _watch)))
            self.assertLess(max(each.sent for each in peer.connections), 4 * LINE_LIMIT)

    def test_a_mute_watch(self) -> None:
        def nothing(connection: Connection) -> None:
            connection.say_nothing()

        def a_head(status: int) -> Callable[[Connection], None]:
            def begin(connection: Connection) -> None:
                connection.begin(status)
                connection.say_nothing()

            return begin

        def blank_lines(connection: Connection) -> None:
            connection.begin(200)
            while not connection.ended.wait(0.05):
                connection.chunk(b'\n{"result":{}}\n')

        for what in (nothing, a_head(200), a_head(503), blank_lines):

            def respond(request: Request, connection: Connection) -> None:
                if request.path != "/v3/watch":
                    return connection.answer(200, GOOD["etcd"])
                what(connection)

            with self.subTest(what), HTTPPeer(respond) as peer:
                self.assertIn("in time", str(self.failure(self.url("etcd", peer, timeout=1), _watch)))

    def test_one_that_does_not_wait_is_not_hammered(self) -> None:
        for grows in (False, True):
            asked = 0

            def respond(request: Request, connection: Connection) -> None:
                nonlocal asked
                asked += 1
                # Until the watch is over; a slow machine gets there later.
                connection.answer(200 if asked < 12 else 503, GOOD["consul"], f"X-Consul-Index: {asked if grows else 7}")

            with self.subTest(grows=grows), HTTPPeer(respond) as peer:
                began = time.monotonic()
                self.failure(self.url("consul", peer), _watch)
                self.assertGreater(time.monotonic() - began, 0.9)
                # As long as the documentation says that an answer may take.
                self.assertIn("&wait=10s", peer.requests[1].path)

    def test_a_watch_that_says_nothing_is_asked_after(self) -> None:
        """Also while it sends lines that say nothing."""
        for talks in (False, True):
            beats = 0

            def respond(request: Request, connection: Connection) -> None:
                nonlocal beats
                if request.path != "/v3/watch":
                    beats += 1
                    # The first one is asked before it is watched.
                    return connection.answer(200 if beats < 4 else 503, GOOD["etcd"])
                connection.begin(200)
                connection.chunk(b'{"result":{"created":true}}\n')
                while not connection.ended.wait(0.05):
                    if talks:
                        connection.chunk(b'{"result":{}}\n')

            heartbeat = mock.patch("partition_router.stores.etcd._HEARTBEAT", 0.2)
            with self.subTest(talks=talks), heartbeat, HTTPPeer(respond) as peer:
                self.failure(self.url("etcd", peer), _watch)
                self.assertEqual(beats, 4)


class Secrets(HostileCase):
    def test_redirections_are_not_followed(self) -> None:
        with HTTPPeer(lambda request, connection: connection.answer(200, b"{}")) as other:
            for status in (301, 302, 303, 307, 308):
                place = f"Location: http://127.0.0.1:{other.port}/v3/kv/range"
                with HTTPPeer(lambda request, connection: connection.answer(status, b"", place)) as peer:
                    for store, credentials in (("etcd", "u:hunter2@"), ("consul", ":hunter2@")):
                        for call in CALLS:
                            with self.subTest(status=status, store=store, call=call.__name__):
                                error = self.failure(self.url(store, peer, credentials), call)
                                self.assertEqual(error.code, RegistryErrorCode.UNREACHABLE)
                                self.assertNotIn("hunter2", str(error))
                    self.assertTrue(any(request.header("x-consul-token") == "hunter2" for request in peer.requests))
            self.assertEqual(other.connections, [])

    def test_a_watch_follows_no_redirection(self) -> None:
        with HTTPPeer(lambda request, connection: connection.answer(200, b"{}")) as other:

            def respond(request: Request, connection: Connection) -> None:
                if request.path == "/v3/auth/authenticate":
                    return connection.answer(200, b'{"token":"secret"}')
                if request.path == "/v3/kv/range":
                    return connection.answer(200, GOOD["etcd"])
                connection.answer(307, b"", f"Location: http://127.0.0.1:{other.port}/v3/watch")

            with HTTPPeer(respond) as peer:
                self.failure(self.url("etcd", peer, "u:p@"), _watch)
                self.assertEqual(peer.requests[-1].header("authorization"), "secret")
            self.assertEqual(other.connections, [])

    def test_tokens_that_no_header_may_have(self) -> None:
        with HTTPPeer(lambda request, connection: connection.answer(200, GOOD["consul"])) as peer:
            for token in ("h%C3%A9", "%E2%82%AC", "h%7F"):
                for call in CALLS:
                    with self.subTest(token):
                        try:
                            error = self.failure(self.url("consul", peer, f":{token}@"), call)
                            self.assertEqual(error.code, RegistryErrorCode.REFUSED)
                            self.assertIn("characters in it that no token has", str(error))
                        except ValueError as refused:
                            # A control character is refused with the URL.
                            self.assertIn("control character", str(refused))
            self.assertEqual(peer.connections, [])


class Endpoints(HostileCase):
    def test_something_else_at_one_endpoint_ends_no_search(self) -> None:
        server = started("etcd")
        assert isinstance(server, Etcd)
        try:
            server.write(EVENTS, fields(DOCUMENT, 1), DOCUMENT)
            with HTTPPeer(lambda request, connection: connection.answer(404, b"<h1>404</h1>")) as proxy:

                async def body() -> None:
                    registry = open_registry(f"etcd://127.0.0.1:{proxy.port},127.0.0.1:{server.port}", {})
                    found = await registry.load(EVENTS)
                    assert found is not None
                    self.assertEqual(found.header.version, 1)
                    async with asyncio.timeout(60):
                        self.assertEqual(await anext(registry.watch(EVENTS)), Hint.RECONNECTED)
                    await registry.close()

                asyncio.run(body())
                self.assertGreaterEqual(len(proxy.requests), 1)
                # Where nobody answers better, it is what is told, whoever comes last.
                for places in (f"127.0.0.1:{proxy.port}", f"127.0.0.1:{proxy.port},127.0.0.1:1", f"127.0.0.1:1,127.0.0.1:{proxy.port}"):
                    with self.subTest(places):
                        self.assertEqual(self.failure(f"etcd://{places}", _load).code, RegistryErrorCode.UNSUPPORTED)
        finally:
            server.stop()
