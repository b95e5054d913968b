# SPDX-License-Identifier: Apache-2.0
# Part of partition-cli. See LICENSE and CONTRIBUTING.md.
"""The map of one partitioned table: which partition holds which keys."""

from __future__ import annotations

import enum
import hashlib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import NamedTuple

from . import civil
from .errors import MapErrorCode, PartitionMapError
from .names import EntityName

#: The largest document that is read, in bytes.
MAXIMUM_SIZE = 64 << 20
#: The most partitions that are read.
MAXIMUM_ENTRIES = 1_000_000


class Strategy(enum.Enum):
    """PostgreSQL's partitioning strategies."""

    RANGE = "range"
    LIST = "list"
    HASH = "hash"


class State(enum.Enum):
    """What a partition is there for."""

    #: Takes rows.
    ACTIVE = "active"
    #: About to be retired: a row written there would be lost.
    DRAINING = "draining"
    #: Holds what no other partition does.
    DEFAULT = "default"


class Kind(enum.Enum):
    """How a key type's values are written and compared."""

    DATE = "date"
    TIMESTAMP = "timestamp"
    INSTANT = "instant"
    INTEGER = "integer"
    TEXT = "text"
    #: Of bounds alone.
    MIN_VALUE = "minvalue"
    MAX_VALUE = "maxvalue"


_KINDS = {
    "date": Kind.DATE,
    "timestamp without time zone": Kind.TIMESTAMP,
    "timestamp": Kind.TIMESTAMP,
    "timestamp with time zone": Kind.INSTANT,
    "timestamptz": Kind.INSTANT,
    **dict.fromkeys(("smallint", "integer", "bigint", "int2", "int4", "int8"), Kind.INTEGER),
}

#: Where a bound lies among a column's values: -1 for MINVALUE, 0 for values, 1 for MAXVALUE; and the value.
Position = tuple[int, int]


class Datum(NamedTuple):
    """One column of a range's bound."""

    kind: Kind
    #: Microseconds since 1970 (of UTC for an instant), an integer, or the text of a type whose order only the server knows.
    value: int | str = 0
    #: Of an instant: seconds east of UTC in the table's zone.
    offset: int = 0

    @property
    def position(self) -> Position | None:
        """None for a value whose order only the server knows."""
        if self.kind is Kind.MIN_VALUE:
            return (-1, 0)
        if self.kind is Kind.MAX_VALUE:
            return (1, 0)
        return (0, self.value) if isinstance(self.value, int) else None

    @property
    def text(self) -> str | None:
        """As the document writes it; None for MINVALUE and MAXVALUE."""
        if self.kind in (Kind.MIN_VALUE, Kind.MAX_VALUE):
            return None
        if isinstance(self.value, str) or self.kind is Kind.INTEGER:
            return str(self.value)
        if self.kind is Kind.INSTANT:
            return civil.local_text(self.value, self.offset)
        return civil.bounded(self.value, civil.date_text if self.kind is Kind.DATE else civil.civil_text)


MIN_VALUE = Datum(Kind.MIN_VALUE)
MAX_VALUE = Datum(Kind.MAX_VALUE)


def positions(bound: tuple[Datum, ...]) -> tuple[Position, ...] | None:
    """None when a column's order isn't known."""
    found = tuple(position for position in (datum.position for datum in bound) if position is not None)
    return found if len(found) == len(bound) else None


@dataclass(frozen=True, slots=True)
class RangeBound:
    """From ``start`` (inclusive) to ``end`` (exclusive), one element a column."""

    start: tuple[Datum, ...]
    end: tuple[Datum, ...]


@dataclass(frozen=True, slots=True)
class ListBound:
    """The values; None is SQL's NULL."""

    values: tuple[None | int | str, ...]


@dataclass(frozen=True, slots=True)
class HashBound:
    modulus: int
    remainder: int


@dataclass(frozen=True, slots=True)
class DefaultBound:
    """What no sibling holds."""


Bound = RangeBound | ListBound | HashBound | DefaultBound
DEFAULT = DefaultBound()


@dataclass(frozen=True, slots=True)
class Level:
    """One level of the partition key."""

    #: Unquoted; an expression as PostgreSQL prints it.
    columns: tuple[str, ...]
    #: As ``format_type`` prints them, without modifiers.
    types: tuple[str, ...]
    strategy: Strategy

    @property
    def kinds(self) -> tuple[Kind, ...]:
        return tuple(_KINDS.get(name, Kind.TEXT) for name in self.types)


@dataclass(frozen=True, slots=True)
class Entry:
    """One partition."""

    #: As the catalog has them, unquoted.
    schema: str
    name: str
    state: State
    #: One bound a level.
    path: tuple[Bound, ...]


@dataclass(frozen=True, slots=True)
class KeepPromise:
    """Partitions whose lower bound is at or above ``start`` are not retired before ``until``."""

    #: A value of the first key column (inclusive).
    start: Datum
    #: Microseconds since 1970 UTC.
    until: int


@dataclass(frozen=True, slots=True)
class Coverage:
    """From the first start to the last end of the active partitions; None for the beginning and the end of everything."""

    start: str | None
    end: str | None


@dataclass(frozen=True, slots=True)
class PartitionMapDocument:
    """A valid document and its bytes; every store keeps exactly these."""

    table: EntityName
    #: One element a level: one, unless partitions are partitioned themselves.
    key: tuple[Level, ...]
    #: The zone of the plain dates in the bounds; None when no key column is an instant.
    timezone: str | None
    keep: KeepPromise | None
    #: In key order, a default partition last among its siblings.
    entries: tuple[Entry, ...]
    content: bytes
    #: SHA-256 of ``content``, 64 lower-case hexadecimal digits.
    checksum: str

    @classmethod
    def parse(cls, content: bytes) -> PartitionMapDocument:
        """Reads a document written by anybody.

        Members that this version doesn't know are passed over. Raises PartitionMapError for anything that partition-cli
        wouldn't have written.
        """
        from . import canonical, coding, validation  # they import this module

        if len(content) > MAXIMUM_SIZE:
            raise PartitionMapError(MapErrorCode.TOO_LARGE, f"the document has more than {MAXIMUM_SIZE} bytes")
        value, is_canonical = canonical.read(content)
        if not is_canonical:
            raise PartitionMapError(MapErrorCode.NOT_CANONICAL, "the document isn't in canonical form")
        parts = coding.parts(value)
        validation.check(parts.key, parts.entries, parts.keep)
        checksum = hashlib.sha256(content).hexdigest()
        return cls(parts.table, parts.key, parts.timezone, parts.keep, parts.entries, content, checksum)

    @property
    def coverage(self) -> Coverage | None:
        """What the active partitions cover; None when there is none, or when the first level isn't a range."""
        first = next(_active_ranges(self.entries), None)
        last = next(_active_ranges(reversed(self.entries)), None)
        return None if first is None or last is None else Coverage(_bound_text(first.start), _bound_text(last.end))

    def is_kept(self, entry: Entry) -> bool:
        """Whether the promise of ``keep`` covers the partition."""
        bound = entry.path[0]
        if self.keep is None or not isinstance(bound, RangeBound):
            return False
        lowest, lower = self.keep.start.position, bound.start[0].position
        return lowest is not None and lower is not None and lower >= lowest


def _active_ranges(entries: Iterable[Entry]) -> Iterator[RangeBound]:
    for entry in entries:
        if entry.state is State.ACTIVE and isinstance(entry.path[0], RangeBound):
            yield entry.path[0]


def _bound_text(bound: tuple[Datum, ...]) -> str | None:
    if len(bound) == 1:
        return bound[0].text
    return "(" + ", ".join(datum.text or "unbounded" for datum in bound) + ")"


def short_text(bound: Bound) -> str:
    """For logs: ``[2026-10-01, 2026-11-01)``."""
    match bound:
        case RangeBound(start, end):
            return f"[{_bound_text(start) or 'MINVALUE'}, {_bound_text(end) or 'MAXVALUE'})"
        case ListBound(values):
            return "{" + ", ".join("NULL" if value is None else str(value) for value in values) + "}"
        case HashBound(modulus, remainder):
            return f"hash {remainder} of {modulus}"
        case DefaultBound():
            return "default"
