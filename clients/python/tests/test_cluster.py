# SPDX-License-Identifier: Apache-2.0
# Part of partition-cli. See LICENSE and CONTRIBUTING.md.
"""An etcd of three members, some of which are killed."""

from __future__ import annotations

import asyncio
import unittest
import urllib.error
from unittest import mock

from partition_router import Hint, RegistryError, RegistryErrorCode, Router, open_registry

from .maps import EVENTS, daily, fields
from .servers import Etcd, eventually
from .test_routing import quiet


class Cluster(unittest.TestCase):
    def setUp(self) -> None:
        self.members = [Etcd() for _ in range(3)]
        for member in self.members:
            member.cluster = self.members
            self.addCleanup(member.stop)
            member.launch()
        for member in self.members:
            member.wait()

    def publish(self, version: int, *members: Etcd) -> None:
        """By whichever member can; one that has lost its leader can't for a moment."""
        document = daily(version)

        def is_written() -> bool:
            for member in members:
                try:
                    member.write(EVENTS, fields(document, version), document)
                    return True
                except (OSError, urllib.error.URLError):
                    continue
            return False

        eventually(f"version {version} is written", is_written)

    def url(self, *members: Etcd) -> str:
        places = ",".join(f"127.0.0.1:{member.port}" for member in members)
        return f"etcd://{places}?timeout=2"

    def test_a_watch_on_a_member_without_a_quorum_ends(self) -> None:
        """By what that member says: nobody asks after it here. It lives, and so does the connection to it."""
        member, *others = self.members

        async def body() -> None:
            registry = open_registry(self.url(member), {})
            hints = registry.watch(EVENTS)
            self.assertEqual(await anext(hints), Hint.RECONNECTED)
            for other in others:
                other.kill()
            with self.assertRaises(RegistryError) as raised:
                async with asyncio.timeout(60):
                    async for _ in hints:
                        pass
            self.assertEqual(raised.exception.code, RegistryErrorCode.UNREACHABLE)
            # Nor is anything confirmed there that may be old.
            with self.assertRaises(RegistryError):
                await registry.header(EVENTS)
            await registry.close()

        with mock.patch("partition_router.stores.etcd._HEARTBEAT", 600.0):
            asyncio.run(body())

    def test_a_router_follows_when_the_leader_is_killed_and_when_the_quorum_returns(self) -> None:
        leader = next(member for member in self.members if member.is_leader())
        others = [member for member in self.members if member is not leader]
        self.publish(1, leader)
        registry = open_registry(self.url(leader, *others), {})
        with Router(EVENTS, registry, logger=quiet()) as router:
            self.assertTrue(router.wait(1, 60))
            leader.kill()
            self.publish(2, *others)
            self.assertTrue(router.wait(2, 60))
            self.assertEqual(router.resolve("2026-11-02").name, "events_1")
            # One of three: what it has is served on, and confirmed by nobody.
            others[0].kill()
            before = router.age or 0
            eventually("the map grows older", lambda: (router.age or 0) > before + 1)
            self.assertEqual(router.version, 2)
            leader.launch()
            leader.wait()
            self.publish(3, *self.members)
            self.assertTrue(router.wait(3, 60))
