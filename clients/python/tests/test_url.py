# SPDX-License-Identifier: Apache-2.0
# Part of partition-cli. See LICENSE and CONTRIBUTING.md.
"""Registry URLs, and what is never said of them."""

from __future__ import annotations

import os
import pickle
import tempfile
import unittest

from partition_router import (
    EntityName,
    MissReason,
    PartitionMapError,
    RegistryError,
    RegistryErrorCode,
    RegistryURLError,
    RoutingMiss,
    open_registry,
)
from partition_router.document import Coverage
from partition_router.errors import MapErrorCode
from partition_router.url import parse


class URLs(unittest.TestCase):
    def test_forms(self) -> None:
        target = parse("redis://u%40:p%2Fw@a,b:7000,[::1]:7001/3?prefix=x:&timeout=9&replicas=1&ttl=5", {})
        self.assertEqual(target.endpoints, (("a", 6379), ("b", 7000), ("::1", 7001)))
        self.assertEqual((target.user, target.password, target.database), ("u@", "p/w", 3))
        self.assertEqual((target.prefix, target.timeout, target.tls), ("x:", 9, False))
        self.assertEqual(parse("etcds://h", {}).endpoints, (("h", 2379),))
        self.assertEqual(parse("consuls://h", {}).endpoints, (("h", 8501),))
        self.assertEqual(parse("consul://:token@h", {}).password, "token")
        self.assertTrue(parse("rediss://h?ca=/a&cert=/c&key=/k", {}).tls)

    def test_the_environment_completes(self) -> None:
        environment = {
            "PARTITION_REGISTRY_USER": "u",
            "PARTITION_REGISTRY_PASSWORD": "secret",
            "PARTITION_REGISTRY_TOKEN": "token",
            "PARTITION_REGISTRY_CA_FILE": "/ca",
        }
        target = parse("redis://h", environment)
        self.assertEqual((target.user, target.password, target.authority), ("u", "secret", "/ca"))
        self.assertEqual(parse("consul://h", environment).password, "token")
        self.assertIsNone(parse("consul://h", environment).user)
        self.assertEqual(parse("redis://v:other@h", environment).password, "other")

    def test_password_files_are_read_anew(self) -> None:
        with tempfile.NamedTemporaryFile("w", suffix=".txt") as file:
            target = parse("redis://h", {"PARTITION_REGISTRY_PASSWORD_FILE": file.name})
            for password in ("one", "two"):
                file.seek(0)
                file.truncate()
                file.write(password + "\n")
                file.flush()
                self.assertEqual(target.current_password(), password)
            name = file.name
        self.assertFalse(os.path.exists(name))
        with self.assertRaises(RegistryError) as raised:
            target.current_password()
        self.assertEqual(raised.exception.code, RegistryErrorCode.REFUSED)

    def test_refusals_never_quote(self) -> None:
        for url in (
            "", " ", "self", "none", "hunter2", "hunter2://h", "redis://", "redis://:hunter2@", "redis://h:0", "redis://h:99999",
            "redis://:hunter2/x@h", "redis://h/hunter2", "redis://:hunter2%@h", "redis://h?hunter2=1", "redis://h?cert=/c",
            "redis://h?prefix=a/b", "redis://h?timeout=0", "redis://h?timeout=x", "etcd://hunter2@h", "etcd://h/x",
            "redis://h:+5", "redis://[::1]:+5", "redis://h:000005", "redis://h:٥", "redis://h?timeout=+5",
            "redis://h?timeout=0000000005", "consul://hunter2@h", "consul://hunter2:x@h", "redis://:hunter2@h x", "redis://[::1", "redis://:%ff@h",
        ):  # fmt: skip
            with self.subTest(url), self.assertRaises(RegistryURLError) as raised:
                parse(url, {})
            self.assertNotIn("hunter2", str(raised.exception))

    def test_a_hint_names_what_the_store_knows(self) -> None:
        for url, known in (
            ("redis://h?replica=1", "prefix replicas ttl timeout ca cert key"),
            ("etcd://h?replicas=1", "prefix timeout ca cert key"),
            ("consul://h?ttl=1", "prefix timeout ca cert key"),
        ):
            with self.subTest(url), self.assertRaises(RegistryURLError) as raised:
                parse(url, {})
            self.assertEqual(raised.exception.hint, f"known: {known}")

    def test_no_secret_is_shown(self) -> None:
        target = parse("redis://me:hunter2@h", {})
        self.assertNotIn("hunter2", repr(target))
        for url in ("redis://:hunter2@h", "etcd://u:hunter2@h", "consul://:hunter2@h", "postgres://u:hunter2@h/d?prefix=x"):
            self.assertNotIn("hunter2", repr(open_registry(url, {})))


class Pickling(unittest.TestCase):
    def test_errors_come_back_from_a_worker(self) -> None:
        covered = Coverage("2026-11-01", None)
        for error in (
            PartitionMapError(MapErrorCode.INVALID, "x"), RegistryError(RegistryErrorCode.REFUSED, "x", "y"),
            RegistryURLError("x", "y"), RegistryURLError("x"),
            RoutingMiss(MissReason.STALE, EntityName("a", "b"), "k", 7, 1.5, covered),
            RoutingMiss(MissReason.NO_MAP, EntityName("a", "b"), "k", None, None, None),
        ):  # fmt: skip
            again = pickle.loads(pickle.dumps(error))
            self.assertIs(type(again), type(error))
            self.assertEqual((str(again), vars(again)), (str(error), vars(error)))
