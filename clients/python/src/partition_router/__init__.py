# SPDX-License-Identifier: Apache-2.0
# Part of partition-cli. See LICENSE and CONTRIBUTING.md.
"""Finds the PostgreSQL partition of a key from the map that partition-cli publishes.

::

    from partition_router import Router, open_registry

    with Router("events", open_registry("redis://127.0.0.1")) as router:
        router.wait(timeout=10)
        partition = router.resolve(event_ts)
        cursor.execute(f"INSERT INTO {partition.qualified_name} (event_ts, payload) VALUES (%s, %s)", row)
"""

from .document import Coverage, PartitionMapDocument, State
from .errors import (
    MapErrorCode,
    PartitionMapError,
    RegistryError,
    RegistryErrorCode,
    RegistryURLError,
)
from .metrics import Metrics
from .header import PartitionMapHeader
from .lookup import Key, PartitionLookup
from .memory import MemoryRegistry
from .names import EntityName, quoted
from .registry import Hint, PublishedMap, Registry
from .router import RoutedRows, Router
from .routing import MissReason, OnMiss, PartitionUse, RoutedPartition, RoutingMiss, WhenStale
from .url import open_registry

__version__ = "0.1.0"

__all__ = [
    "Coverage",
    "EntityName",
    "Hint",
    "Key",
    "MapErrorCode",
    "MemoryRegistry",
    "Metrics",
    "MissReason",
    "OnMiss",
    "PartitionLookup",
    "PartitionMapDocument",
    "PartitionMapError",
    "PartitionMapHeader",
    "PartitionUse",
    "PublishedMap",
    "Registry",
    "RegistryError",
    "RegistryErrorCode",
    "RegistryURLError",
    "RoutedPartition",
    "RoutedRows",
    "Router",
    "RoutingMiss",
    "State",
    "WhenStale",
    "open_registry",
    "quoted",
]
