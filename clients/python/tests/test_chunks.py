# SPDX-License-Identifier: Apache-2.0
# Part of partition-cli. See LICENSE and CONTRIBUTING.md.
"""Documents in pieces."""

from __future__ import annotations

import asyncio
import unittest

from partition_router import RegistryError, RegistryErrorCode, open_registry

from .maps import EVENTS, daily, fields
from .servers import HTTPStore, Store, started
from .test_stores import load


class Chunks(unittest.TestCase):
    """etcd and Consul keep a document in pieces."""

    def test_pieces(self) -> None:
        for store in ("etcd", "consul"):
            with self.subTest(store):
                server = started(store)
                try:
                    self._pieces(server)
                finally:
                    server.stop()

    def _pieces(self, server: Store) -> None:
        assert isinstance(server, HTTPStore)
        document = daily(100)
        server.write(EVENTS, fields(document, 1), document, size=700)
        self.assertEqual(asyncio.run(load(open_registry(server.url, {}), EVENTS)), (EVENTS, 100))
        # Away: a publisher that died, or a hand.
        server.write_header(EVENTS, fields(document, 2) | {"chunks": "16"})
        with self.assertRaises(RegistryError) as raised:
            asyncio.run(load(open_registry(server.url, {}), EVENTS))
        self.assertEqual(raised.exception.code, RegistryErrorCode.CORRUPT)
        # The first endpoint is away.
        scheme, _, place = server.url.partition("://")
        self.assertEqual(scheme, server.name)
        server.write(EVENTS, fields(document, 3), document)
        several = open_registry(f"{scheme}://127.0.0.1:1,{place}", {})
        self.assertEqual(asyncio.run(load(several, EVENTS)), (EVENTS, 100))
