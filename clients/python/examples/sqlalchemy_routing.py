# SPDX-License-Identifier: Apache-2.0
# Part of partition-cli. See LICENSE and CONTRIBUTING.md.
"""SQLAlchemy: inserts straight into the partitions.

    router = Router("events", open_registry(REGISTRY_URL), on_miss=OnMiss.PARENT)
    router.start()                                  # once a process
    ...
    with engine.begin() as connection:
        insert_routed(connection, router, events, rows, by="at")

With ``on_miss=OnMiss.PARENT`` rows without a partition of their own go to the partitioned table itself, where the server routes
them or refuses them. The role needs INSERT on the partitions, which PostgreSQL doesn't derive from the parent's.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import sqlalchemy

from partition_router import Router


def insert_routed(
    connection: sqlalchemy.Connection,
    router: Router,
    table: sqlalchemy.Table,
    rows: Sequence[Mapping[str, Any]],
    by: str,
) -> None:
    """Inserts the rows, as ``connection.execute(table.insert(), rows)`` does; ``by`` is the key of the partition key's column.

    One statement for the rows of a partition that have the same keys: columns that a row doesn't name get their defaults. Raises
    KeyError for a key that the table doesn't have, and the first RoutingMiss, before anything.
    """
    # SQLAlchemy passes over those that it doesn't know.
    for key in {key for row in rows for key in row if key not in table.columns}:
        raise KeyError(f"the table {table.name} has no column of the key {key}")
    routed = router.group(rows, lambda row: row[by])
    for _, miss in routed.misses:
        raise miss
    for partition, group in routed.groups:
        # The same columns, keys, types and defaults under the partition's name; SQLAlchemy quotes both.
        leaf = table.to_metadata(sqlalchemy.MetaData(), schema=partition.schema, name=partition.name)
        # Of several rows SQLAlchemy looks at the first one's keys alone.
        alike: dict[frozenset[str], list[Mapping[str, Any]]] = {}
        for row in group:
            alike.setdefault(frozenset(row), []).append(row)
        for same in alike.values():
            connection.execute(sqlalchemy.insert(leaf), same)
