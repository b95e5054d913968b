# SPDX-License-Identifier: Apache-2.0
# Part of partition-cli. See LICENSE and CONTRIBUTING.md.
"""Finds the partition of a key in one document."""

from __future__ import annotations

import datetime
import re
from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass, field

from . import civil
from .coding import time_value
from .document import (
    Bound,
    DefaultBound,
    Kind,
    Level,
    ListBound,
    PartitionMapDocument,
    Position,
    RangeBound,
    Strategy,
    positions,
)
from .errors import MapErrorCode, PartitionMapError

#: One column of a key. None is SQL's NULL; an int is an integer itself, for a time microseconds since 1970 (of UTC for an
#: instant); a str is a value as text: of a list as PostgreSQL prints it, of a time in ISO 8601.
Key = None | int | str | datetime.date | datetime.datetime

_INTEGER = re.compile(r"[+-]?[0-9]{1,40}")


def unreadable(what: str) -> PartitionMapError:
    return PartitionMapError(MapErrorCode.MALFORMED, f"the key can't be read as {what}")


@dataclass(slots=True)
class _Ranges:
    """Ranges of one column, by their first and last coordinate: an exclusive end beyond 64 bits couldn't be said."""

    firsts: list[int] = field(default_factory=list)
    lasts: list[int] = field(default_factory=list)
    #: The same in local time; only for instants.
    local: list[tuple[int, int]] = field(default_factory=list)
    children: list[_Node] = field(default_factory=list)
    fallback: _Node | None = None

    def at(self, coordinate: int) -> _Node | None:
        number = bisect_right(self.firsts, coordinate) - 1
        found = number >= 0 and coordinate <= self.lasts[number]
        return self.children[number] if found else self.fallback

    def at_local(self, microseconds: int) -> _Node | None:
        # Local times repeat when clocks go back, so the bounds aren't sorted by them: the last range that holds it wins, as
        # PostgreSQL takes the later of two equal local times.
        later: tuple[int, int] | None = None
        for number in range(len(self.local) - 1, -1, -1):
            first, last = self.local[number]
            if first <= microseconds <= last:
                return self.children[number]
            if later is not None and last < microseconds < later[0] and self.lasts[number] + 1 == later[1]:
                # Clocks pass over that time at this bound. PostgreSQL takes it by the offset before: it belongs to what begins there.
                return self.at(microseconds - (last - self.lasts[number]))
            later = (first, self.firsts[number])
        return self.fallback


@dataclass(slots=True)
class _Tuples:
    """Ranges of several columns."""

    starts: list[tuple[Position, ...]] = field(default_factory=list)
    ends: list[tuple[Position, ...]] = field(default_factory=list)
    children: list[_Node] = field(default_factory=list)
    fallback: _Node | None = None

    def at(self, key: tuple[Position, ...]) -> _Node | None:
        number = bisect_right(self.starts, key) - 1
        found = number >= 0 and key < self.ends[number]
        return self.children[number] if found else self.fallback


@dataclass(slots=True)
class _Lists:
    values: dict[None | int | str, _Node] = field(default_factory=dict)
    fallback: _Node | None = None


@dataclass(slots=True)
class _Opaque:
    """Hashes, and values whose order only the server knows."""


#: A leaf is an entry's index.
_Node = int | _Ranges | _Tuples | _Lists | _Opaque


class PartitionLookup:
    """A document, ready to be searched; immutable."""

    def __init__(self, document: PartitionMapDocument) -> None:
        self.document = document
        self._columns = sum(len(level.columns) for level in document.key)
        self._root = _node(document, range(len(document.entries)), 0)

    def find(self, key: Sequence[Key]) -> int | None:
        """The index of the entry that holds the key, one element a column through all levels; None where none does.

        Raises PartitionMapError: malformed for what isn't a value of the key, invalid for keys that only the server can
        place (hash levels, and ranges of types that it alone orders).
        """
        if len(key) != self._columns:
            plural = "" if self._columns == 1 else "s"
            raise PartitionMapError(
                MapErrorCode.MALFORMED, f"the key has {self._columns} column{plural}, not {len(key)}"
            )
        node: _Node | None = self._root
        position = 0
        for level in self.document.key:
            if isinstance(node, int) or node is None:
                break
            columns = key[position : position + len(level.columns)]
            position += len(level.columns)
            node = _child(node, columns, level)
        return node if isinstance(node, int) else None

    def between(self, start: int, end: int) -> list[int | None] | None:
        """The entries with keys from ``start`` to ``end`` (exclusive), and None for each gap that has such keys, in their order.

        None for a key that isn't one range column.
        """
        root = self._root
        if len(self.document.key) != 1 or not isinstance(root, _Ranges):
            return None
        found: list[int | None] = []
        reached = start
        number = max(0, bisect_right(root.firsts, start) - 1)
        while reached < end:
            if number == len(root.firsts) or root.firsts[number] >= end:
                found.append(None)
                break
            if root.lasts[number] >= reached:
                if root.firsts[number] > reached:
                    found.append(None)
                child = root.children[number]
                assert isinstance(child, int)
                found.append(child)
                reached = root.lasts[number] + 1
            number += 1
        return found

    @property
    def fallback(self) -> int | None:
        """The default partition beside the ranges that ``between`` searches."""
        fallback = self._root.fallback if isinstance(self._root, _Ranges) else None
        return fallback if isinstance(fallback, int) else None


def _only_the_server() -> PartitionMapError:
    return PartitionMapError(MapErrorCode.INVALID, "only the server can place keys of this table")


def _node(document: PartitionMapDocument, indices: range, depth: int) -> _Node:
    if depth == len(document.key):
        return indices.start
    fallback: _Node | None = None
    children: list[tuple[Bound, _Node]] = []
    start = indices.start
    while start < indices.stop:
        bound = document.entries[start].path[depth]
        end = start + 1
        while end < indices.stop and document.entries[end].path[depth] == bound:
            end += 1
        node = _node(document, range(start, end), depth + 1)
        if isinstance(bound, DefaultBound):
            fallback = node
        else:
            children.append((bound, node))
        start = end
    level = document.key[depth]
    if level.strategy is Strategy.HASH:
        return _Opaque()
    if level.strategy is Strategy.LIST:
        lists = _Lists(fallback=fallback)
        for bound, node in children:
            lists.values.update(dict.fromkeys(bound.values if isinstance(bound, ListBound) else (), node))
        return lists
    ranges = [(bound, node) for bound, node in children if isinstance(bound, RangeBound)]
    known = [(positions(bound.start), positions(bound.end), bound, node) for bound, node in ranges]
    if any(lower is None or upper is None for lower, upper, _, _ in known):
        return _Opaque()
    if len(level.columns) == 1:
        return _ranges(ranges, level, fallback)
    tuples = _Tuples(fallback=fallback)
    for lower, upper, _, node in known:
        tuples.starts.append(lower or ())
        tuples.ends.append(upper or ())
        tuples.children.append(node)
    return tuples


def _ranges(bounds: list[tuple[RangeBound, _Node]], level: Level, fallback: _Node | None) -> _Ranges:
    ranges = _Ranges(fallback=fallback)
    for bound, node in bounds:
        first = _coordinate_of(bound.start[0].position, civil.INT64_MIN)
        end = bound.end[0].position
        unbounded = end is None or end[0] > 0
        # From MINVALUE to -infinity: there is no such key.
        if end is not None and not unbounded and end[1] == civil.INT64_MIN:
            continue
        last = civil.INT64_MAX if end is None or unbounded else end[1] - 1
        ranges.firsts.append(first)
        ranges.lasts.append(last)
        ranges.children.append(node)
        if level.kinds[0] is Kind.INSTANT:
            shifted = (_shifted(first, bound.start[0].offset), _shifted(last, bound.end[0].offset))
            ranges.local.append(shifted)
    return ranges


def _coordinate_of(position: Position | None, unbounded: int) -> int:
    return position[1] if position is not None and position[0] == 0 else unbounded


def _shifted(coordinate: int, seconds: int) -> int:
    # The infinities, and the last instant before one.
    if coordinate == civil.INT64_MIN or coordinate >= civil.INT64_MAX - 1:
        return coordinate
    return coordinate + seconds * civil.SECOND


def _child(node: _Ranges | _Tuples | _Lists | _Opaque, columns: Sequence[Key], level: Level) -> _Node | None:
    match node:
        case _Opaque():
            raise _only_the_server()
        case _Lists():
            return node.values.get(_list_value(columns[0], level), node.fallback)
        case _Ranges():
            return _in_ranges(node, columns[0], level.kinds[0])
        case _Tuples():
            # As in PostgreSQL, a NULL in a range's key belongs to the default partition.
            if any(value is None for value in columns):
                return node.fallback
            return node.at(tuple((0, coordinate(value, kind)) for value, kind in zip(columns, level.kinds)))


def _in_ranges(ranges: _Ranges, value: Key, kind: Kind) -> _Node | None:
    if value is None:
        return ranges.fallback
    if kind is Kind.INSTANT:
        # A date alone is that day's midnight in the table's zone.
        if isinstance(value, datetime.date) and not isinstance(value, datetime.datetime):
            return ranges.at_local(civil.of_date(value))
        if isinstance(value, str):
            text = civil.read(value)
            if text is not None and not text.has_time:
                return ranges.at_local(text.microseconds)
    return ranges.at(coordinate(value, kind))


def _list_value(value: Key, level: Level) -> None | int | str:
    if value is None:
        return None
    name = level.types[0]
    if isinstance(value, datetime.date) and not isinstance(value, datetime.datetime):
        value = value.isoformat()
    if level.kinds[0] is Kind.INTEGER:
        return coordinate(value, Kind.INTEGER)
    if not isinstance(value, str):
        raise unreadable(name)
    return value


def coordinate(value: Key, kind: Kind) -> int:
    """A range's key as a 64-bit number; raises PartitionMapError (malformed) for what isn't a value of that kind."""
    found: int | None = None
    if isinstance(value, bool):
        pass
    elif isinstance(value, int):
        found = value
    elif isinstance(value, datetime.datetime):
        # As with texts: an instant has an offset, a timestamp has none, and a date has no time.
        if kind is (Kind.TIMESTAMP if value.utcoffset() is None else Kind.INSTANT):
            found = civil.of_datetime(value)
    elif isinstance(value, datetime.date):
        if kind in (Kind.DATE, Kind.TIMESTAMP):
            found = civil.of_date(value)
    elif isinstance(value, str):
        if kind is Kind.INTEGER:
            found = int(value) if _INTEGER.fullmatch(value) else None
        elif kind is not Kind.TEXT:
            found = time_value(value, kind)
    if found is None or not civil.INT64_MIN <= found <= civil.INT64_MAX:
        raise unreadable(kind.value)
    return found
