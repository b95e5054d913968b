# SPDX-License-Identifier: Apache-2.0
# Part of partition-cli. See LICENSE and CONTRIBUTING.md.
"""The shared test vectors: what every client must agree on."""

from __future__ import annotations

import base64
import unittest

from partition_router import PartitionLookup, PartitionMapDocument, PartitionMapError, PartitionMapHeader
from partition_router.reload import MapIdentity, ReadDocument, ReadHeader, ReloadMachine, Take

from .maps import VECTORS, vectors


def content(vector: dict[str, str]) -> bytes:
    return vector["document"].encode() if "document" in vector else base64.b64decode(vector["base64"])


class Vectors(unittest.TestCase):
    def test_documents(self) -> None:
        found = vectors("documents.json")
        self.assertGreater(len(found), 60)
        for vector in found:
            with self.subTest(vector["name"]):
                if vector["valid"]:
                    document = PartitionMapDocument.parse(content(vector))
                    self.assertEqual(document.checksum, vector["checksum"])
                    self.assertEqual(len(document.content), vector["size"])
                else:
                    with self.assertRaises(PartitionMapError) as raised:
                        PartitionMapDocument.parse(content(vector))
                    self.assertEqual(raised.exception.code.value, vector["code"])

    def test_example(self) -> None:
        document = PartitionMapDocument.parse((VECTORS.parent / "example.json").read_bytes())
        self.assertEqual(document.timezone, "Europe/Paris")
        self.assertEqual(len(document.entries), 5)

    def test_headers(self) -> None:
        for vector in vectors("headers.json"):
            with self.subTest(vector["why"]):
                if vector["valid"]:
                    PartitionMapHeader.of_fields(vector["fields"])
                else:
                    with self.assertRaises(PartitionMapError):
                        PartitionMapHeader.of_fields(vector["fields"])

    def test_lookups(self) -> None:
        documents = {vector["name"]: vector for vector in vectors("documents.json")}
        count = 0
        for vector in vectors("lookups.json"):
            lookup = PartitionLookup(PartitionMapDocument.parse(content(documents[vector["document"]])))
            for case in vector["cases"]:
                count += 1
                with self.subTest(document=vector["document"], key=case["key"]):
                    try:
                        index = lookup.find(case["key"])
                    except PartitionMapError as error:
                        self.assertEqual(error.code.value, case["expect"])
                        continue
                    entry = None if index is None else lookup.document.entries[index]
                    self.assertEqual("miss" if entry is None else entry.state.value, case["expect"])
                    self.assertEqual(None if entry is None else entry.name, case.get("partition"))
        self.assertGreater(count, 100)

    def test_versions(self) -> None:
        for vector in vectors("versions.json"):
            with self.subTest(vector["why"]):
                self._versions(vector["steps"])

    def _versions(self, steps: list[dict[str, object]]) -> None:
        machine = ReloadMachine(seed=1)
        now = 0.0
        machine.started(now)
        for step in steps:
            now += 100
            read = step["read"]
            identity = MapIdentity(read["version"], read["checksum"]) if isinstance(read, dict) else None
            before, served = machine.confirmed_at, machine.served
            actions = machine.header_read(identity, now - 1, now)
            if any(isinstance(action, ReadDocument) for action in actions):
                actions = machine.document_read(identity, now - 0.5, now)
            words = {type(action).__name__ for action in actions if not isinstance(action, ReadHeader)}
            kinds = {getattr(action, "kind", "") for action in actions}
            expected = step["expect"]
            self.assertEqual("Take" in words, expected == "take")
            self.assertEqual("Renew" in words, expected == "keep")
            if any(isinstance(action, Take) for action in actions):
                self.assertEqual(machine.served, identity)
            if expected in ("conflict", "missing"):
                # Said once for as long as it lasts.
                self.assertTrue(expected in kinds or not kinds - {""}, kinds)
                self.assertEqual(machine.served, served)
            age = "none" if machine.confirmed_at is None else "kept" if machine.confirmed_at == before else "renewed"
            self.assertEqual(age, step["age"])
            machine.ticked(now + 60)
