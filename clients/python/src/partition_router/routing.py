# SPDX-License-Identifier: Apache-2.0
# Part of partition-cli. See LICENSE and CONTRIBUTING.md.
"""What becomes of a lookup: a function of the map, its freshness and the router's options, and of nothing else."""

from __future__ import annotations

import enum
from dataclasses import dataclass
from typing import NamedTuple

from .document import Coverage, Entry, PartitionMapDocument, State
from .names import EntityName, quoted


class WhenStale(enum.Enum):
    """What a router serves from a map that wasn't confirmed for 90 seconds."""

    #: The partitions that the map promises to keep, until that promise ends; each lookup is counted. For other keys a miss
    #: (stale) is raised. Rows are never lost.
    SERVE_STABLE = "serve_stable"
    #: Every partition that the map has, counted. A row for a partition that is being retired meanwhile is lost. For a key without
    #: a partition a miss (stale) is raised all the same.
    SERVE_ALL = "serve_all"
    #: Nothing.
    REFUSE = "refuse"


class OnMiss(enum.Enum):
    """What a router answers when it has no partition for a key. The miss is counted and logged all the same."""

    #: Raises the RoutingMiss.
    RAISE = "raise"
    #: The partitioned table itself, whatever the reason: the server routes the row.
    PARENT = "parent"
    #: The default partition, where a key has none of its own and the table has one; otherwise raises.
    DEFAULT = "default"


class PartitionUse(enum.Enum):
    """What the partitions of an interval are asked for; the two differ by those that are about to be retired."""

    #: Every partition that holds rows of the interval, draining ones among them, and the default one where a part of the interval
    #: has no other. A draining one may be detached at any moment, the present one included.
    READING = "reading"
    #: Every partition that lookups of the interval's keys lead to: none that is draining, and the default one only with
    #: OnMiss.DEFAULT.
    WRITING = "writing"


class MissReason(enum.Enum):
    """The class of a miss, and the label ``reason`` of ``partition_routing_miss_total``."""

    #: No partition of its own takes the key: provisioning is behind, or the key is far off.
    UNCOVERED = "uncovered"
    #: The partition is about to be retired; a row written there would be lost.
    DRAINING = "draining"
    #: The map wasn't confirmed for so long that the partition may be gone, or that one may have been made that it doesn't have.
    STALE = "stale"
    #: No map was read yet.
    NO_MAP = "no_map"
    #: Only the server can place this table's keys.
    UNPLACEABLE = "unplaceable"
    #: Not a value of the key, or the key has another number of columns.
    UNREADABLE = "unreadable"
    #: Not an error: a stale map was served, as WhenStale allows. Only counted.
    SERVED_STALE = "served_stale"


_SENTENCES = {
    MissReason.UNCOVERED: "none covers it; is provisioning behind?",
    MissReason.DRAINING: "the one that holds it is about to be retired",
    MissReason.STALE: "the map wasn't confirmed for too long; can the registry be reached?",
    MissReason.NO_MAP: "no map was read yet; does the router run, and was a map published?",
    MissReason.UNPLACEABLE: "only the server can place such a key; write through the table itself",
    MissReason.UNREADABLE: "it can't be read as a key of this table",
    MissReason.SERVED_STALE: "the map wasn't confirmed for too long; can the registry be reached?",
}


class RoutingMiss(LookupError):
    """Why a key wasn't routed, and what the router knew when it said so."""

    def __init__(
        self,
        reason: MissReason,
        table: EntityName,
        key: str,
        version: int | None,
        age: float | None,
        covered: Coverage | None,
    ) -> None:
        self.reason = reason
        self.table = table
        #: As text; a time given as a number stays one.
        self.key = key
        #: Of the map that was asked; None before the first one.
        self.version = version
        #: Seconds since the last reading that found this map was sent.
        self.age = age
        #: What the map covers; None when it covers nothing, or isn't of ranges.
        self.covered = covered
        known = "no map" if version is None else f"map version {version}"
        seconds = "" if age is None else f", confirmed {int(age)} s ago"
        interval = (
            f", covering {covered.start or 'the beginning'} to {covered.end or 'the end'}" if covered else ""
        )
        super().__init__(f"{table} has no partition for {key}: {_SENTENCES[reason]} ({known}{seconds}{interval})")

    def __reduce__(self) -> tuple[type[RoutingMiss], tuple[object, ...]]:
        return RoutingMiss, (self.reason, self.table, self.key, self.version, self.age, self.covered)


@dataclass(frozen=True, slots=True)
class RoutedPartition:
    """A table that rows may be written to, or read from."""

    #: As the catalog has them, unquoted.
    schema: str
    name: str
    #: None for the partitioned table itself, which OnMiss.PARENT answers with.
    state: State | None
    #: The map's version; 0 when there was none.
    version: int

    @property
    def qualified_name(self) -> str:
        """Schema and name quoted for SQL."""
        return f"{quoted(self.schema)}.{quoted(self.name)}"

    @property
    def is_parent(self) -> bool:
        return self.state is None


class Freshness(enum.Enum):
    FRESH = "fresh"
    #: Stale, but the time until which the map promises to keep partitions hasn't come.
    PROMISED = "promised"
    STALE = "stale"


class Verdict(NamedTuple):
    #: The index of the entry that is served; None for none.
    entry: int | None
    #: Why this isn't plain; None where it is.
    reason: MissReason | None


def verdict(
    document: PartitionMapDocument,
    found: int | None,
    freshness: Freshness,
    when_stale: WhenStale,
    on_miss: OnMiss,
) -> Verdict:
    """What is answered for a key that the entry of index ``found`` holds; None for a key that none does."""
    # That a key has no partition of its own is known from a fresh map only: since then one may have been made.
    absence = MissReason.UNCOVERED if freshness is Freshness.FRESH else MissReason.STALE
    if found is None:
        return Verdict(None, absence)
    entry = document.entries[found]
    if entry.state is State.DRAINING:
        return Verdict(None, MissReason.DRAINING)
    if not may_serve(document, entry, freshness, when_stale):
        return Verdict(None, MissReason.STALE)
    served_stale = None if freshness is Freshness.FRESH else MissReason.SERVED_STALE
    if entry.state is State.DEFAULT:
        if on_miss is not OnMiss.DEFAULT:
            return Verdict(None, absence)
        return Verdict(found, served_stale or MissReason.UNCOVERED)
    return Verdict(found, served_stale)


def may_serve(
    document: PartitionMapDocument, entry: Entry, freshness: Freshness, when_stale: WhenStale
) -> bool:
    """Whether the partition is known to be attached still."""
    if freshness is Freshness.FRESH:
        return True
    # Nobody knows of a draining one how long ago it was detached.
    if entry.state not in (State.ACTIVE, State.DEFAULT):
        return False
    if when_stale is WhenStale.SERVE_ALL:
        return True
    return when_stale is WhenStale.SERVE_STABLE and freshness is Freshness.PROMISED and document.is_kept(entry)
