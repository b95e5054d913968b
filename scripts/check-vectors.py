#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
# Part of partition-cli. See LICENSE and CONTRIBUTING.md.
"""Holds docs/registry/vectors/documents.json against the JSON Schema, and against what another language makes of it.

Usage: check-vectors.py [DIRECTORY OF docs/registry]; needs the package jsonschema. Prints what disagrees, and fails if anything does.
"""

import hashlib
import json
import pathlib
import sys

from jsonschema import Draft202012Validator

directory = pathlib.Path(sys.argv[1] if len(sys.argv) > 1 else "docs/registry")
schema = json.loads((directory / "partition-map.schema.json").read_text())
Draft202012Validator.check_schema(schema)
validator = Draft202012Validator(schema)
vectors = json.loads((directory / "vectors/documents.json").read_text())
example = {"name": "example.json", "valid": True, "document": (directory / "example.json").read_text()}
complaints = []


def canonical(value):
    return json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False)


checked = 0
for vector in vectors + [example]:
    name, text = vector["name"], vector.get("document")
    if vector["valid"]:
        content = text.encode()
        if canonical(json.loads(text)) != text:
            complaints.append(f"{name}: not the text that Python writes for it")
        if vector.get("checksum", hashlib.sha256(content).hexdigest()) != hashlib.sha256(content).hexdigest():
            complaints.append(f"{name}: another checksum")
        if vector.get("size", len(content)) != len(content):
            complaints.append(f"{name}: another size")
    expected = True if vector["valid"] else vector.get("schema")
    if expected is None:
        continue
    checked += 1
    errors = [error.message for error in validator.iter_errors(json.loads(text))]
    if bool(errors) == expected:
        complaints.append(f"{name}: the schema {'refuses' if errors else 'accepts'} it: {errors[:1]}")

print("\n".join(complaints) or f"{checked} documents agree with the schema")
sys.exit(1 if complaints else 0)
