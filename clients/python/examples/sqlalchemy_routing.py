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
    """Inserts the rows, one statement a partition; ``by`` is the key's column. Raises the first RoutingMiss, before anything."""
    routed = router.group(rows, lambda row: row[by])
    for _, miss in routed.misses:
        raise miss
    for partition, group in routed.groups:
        # A table of the same columns under the partition's name; SQLAlchemy quotes both.
        leaf = sqlalchemy.table(
            partition.name,
            *(sqlalchemy.column(column.name, column.type) for column in table.columns),
            schema=partition.schema,
        )
        connection.execute(sqlalchemy.insert(leaf), list(group))

