# SPDX-License-Identifier: Apache-2.0
# Part of partition-cli. See LICENSE and CONTRIBUTING.md.
"""Documents and headers for the tests."""

from __future__ import annotations

import datetime
import hashlib
import json
from pathlib import Path
from typing import Any

from partition_router import EntityName, PartitionMapDocument, PartitionMapHeader, PublishedMap

EVENTS = EntityName("public", "events")
#: The vectors that every client must pass.
VECTORS = Path(__file__).resolve().parents[3] / "docs" / "registry" / "vectors"


def vectors(name: str) -> Any:
    return json.loads((VECTORS / name).read_text("utf-8"))


def canonical(value: object) -> bytes:
    return json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode()


def daily(
    days: int, entity: EntityName = EVENTS, *, draining: int = 0, default: bool = False, keep: tuple[str, str] | None = None
) -> bytes:
    """Daily partitions of a date key from 2026-11-01 on, the first ``draining`` of them draining."""
    first = datetime.date(2026, 11, 1)
    entries: list[dict[str, object]] = []
    for number in range(days):
        day = first + datetime.timedelta(number)
        entries.append(
            {
                "name": f"{entity.table}_{number}",
                "schema": entity.schema,
                "state": "draining" if number < draining else "active",
                "start": day.isoformat(),
                "end": (day + datetime.timedelta(1)).isoformat(),
            }
        )
    if default:
        entries.append({"name": f"{entity.table}_default", "schema": entity.schema, "state": "default"})
    document: dict[str, object] = {
        "table": str(entity),
        "key": [{"columns": ["day"], "types": ["date"], "strategy": "range"}],
        "partitions": entries,
    }
    if keep is not None:
        document |= {"keepFrom": keep[0], "keepUntil": keep[1]}
    return canonical(document)


def fields(document: bytes, version: int) -> dict[str, str]:
    return {
        "version": str(version),
        "checksum": hashlib.sha256(document).hexdigest(),
        "size": str(len(document)),
        "chunks": "1",
        "systemIdentifier": "7000000000000000001",
        "database": "app",
        "timeline": "1",
        "lsn": "1/10",
    }


def published(document: bytes, version: int) -> PublishedMap:
    header = PartitionMapHeader.of_fields(fields(document, version))
    return PublishedMap(header, PartitionMapDocument.parse(document))
