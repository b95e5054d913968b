# SPDX-License-Identifier: Apache-2.0
# Part of partition-cli. See LICENSE and CONTRIBUTING.md.
"""The rules that every document keeps, whoever wrote it.

Entries are in key order and don't overlap; gaps are legal. Below a composite key the entries of one parent stand
together, and the same rules hold among them. Text-like range keys have an order only the server knows; there only
repeated bounds are found.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NoReturn

from .civil import DAY, INT64_MAX, INT64_MIN, OFFSET_LIMIT
from .document import (
    DEFAULT,
    Bound,
    Datum,
    DefaultBound,
    Entry,
    HashBound,
    KeepPromise,
    Kind,
    Level,
    ListBound,
    Position,
    RangeBound,
    State,
    Strategy,
    positions,
)
from .errors import MapErrorCode, PartitionMapError

MAXIMUM_LEVELS = 8
MAXIMUM_COLUMNS = 32
_TIME_LIMIT = 288_000 * 365 * DAY


def check(key: tuple[Level, ...], entries: tuple[Entry, ...], keep: KeepPromise | None) -> None:
    """Raises PartitionMapError (invalid) for the first rule that is broken."""
    _check_key(key)
    names: set[tuple[str, str]] = set()
    for entry in entries:
        _check_entry(entry, key)
        name = (entry.schema, entry.name)
        if not all(name) or "\0" in entry.schema + entry.name:
            _invalid("a partition without a name")
        if name in names:
            _invalid(f"partition {entry.name} stands there twice")
        names.add(name)
    _check_siblings(entries, key, 0)
    if keep is not None and (
        key[0].strategy is not Strategy.RANGE or not _datum_fits(keep.start, key[0].kinds[0])
    ):
        _invalid("keepFrom isn't a value of the first key column")
    if keep is not None and keep.until in (INT64_MIN, INT64_MAX):
        _invalid("keepUntil isn't a moment")


def _invalid(message: str) -> NoReturn:
    raise PartitionMapError(MapErrorCode.INVALID, message)


def _check_key(key: tuple[Level, ...]) -> None:
    if not 1 <= len(key) <= MAXIMUM_LEVELS:
        _invalid(f"a key has 1 to {MAXIMUM_LEVELS} levels")
    for level in key:
        if (
            not 1 <= len(level.columns) <= MAXIMUM_COLUMNS
            or len(level.types) != len(level.columns)
            or (level.strategy is Strategy.LIST and len(level.columns) != 1)
        ):
            _invalid("a level of the key has the wrong number of columns or types")


def _check_entry(entry: Entry, key: tuple[Level, ...]) -> None:
    if len(entry.path) != len(key):
        _invalid(f"partition {entry.name} has bounds for {len(entry.path)} of {len(key)} levels")
    if (entry.state is State.DEFAULT) != (DEFAULT in entry.path):
        _invalid(f"partition {entry.name} is in state {entry.state.value}, which its bounds contradict")
    if not all(_fits(bound, level) for bound, level in zip(entry.path, key)):
        _invalid(f"a bound of partition {entry.name} doesn't fit the key")


def _fits(bound: Bound, level: Level) -> bool:
    match bound:
        case DefaultBound():
            return level.strategy is not Strategy.HASH
        case HashBound(modulus, remainder):
            return level.strategy is Strategy.HASH and 1 <= modulus < 1 << 31 and 0 <= remainder < modulus
        case ListBound(values):
            wanted = int if level.kinds == (Kind.INTEGER,) else str
            return (
                level.strategy is Strategy.LIST
                and bool(values)
                and all(value is None or isinstance(value, wanted) for value in values)
            )
        case RangeBound(start, end):
            return (
                level.strategy is Strategy.RANGE
                and len(start) == len(end) == len(level.columns)
                and all(map(_datum_fits, start + end, level.kinds * 2))
                # One column: the document writes both as null, by which side they stand on.
                and (len(start) > 1 or (start[0].kind is not Kind.MAX_VALUE and end[0].kind is not Kind.MIN_VALUE))
            )


def _datum_fits(datum: Datum, kind: Kind) -> bool:
    if datum.kind in (Kind.MIN_VALUE, Kind.MAX_VALUE):
        return True
    if datum.kind is not kind:
        return False
    if kind in (Kind.INTEGER, Kind.TEXT) or not isinstance(datum.value, int):
        return True
    if datum.value in (INT64_MIN, INT64_MAX):
        return True
    is_midnight = kind is not Kind.DATE or datum.value % DAY == 0
    # Within the years that texts are read with; PostgreSQL's timestamps end within them, its dates don't.
    return abs(datum.value) < _TIME_LIMIT and abs(datum.offset) <= OFFSET_LIMIT and is_midnight


def _check_siblings(entries: Sequence[Entry], key: tuple[Level, ...], depth: int) -> None:
    """The entries of one parent: those that share a bound go down one level together."""
    if depth == len(key):
        if len(entries) > 1:
            _invalid(f"partitions {entries[0].name} and {entries[1].name} have the same bounds")
        return
    siblings: list[tuple[str, Bound]] = []
    start = 0
    while start < len(entries):
        bound = entries[start].path[depth]
        end = start + 1
        while end < len(entries) and entries[end].path[depth] == bound:
            end += 1
        siblings.append((entries[start].name, bound))
        _check_siblings(entries[start:end], key, depth + 1)
        start = end
    if any(bound == DEFAULT for _, bound in siblings[:-1]):
        _invalid("a default partition stands there twice or not at the end")
    match key[depth].strategy:
        case Strategy.RANGE:
            _check_ranges(siblings)
        case Strategy.LIST:
            _check_lists(siblings)
        case Strategy.HASH:
            _check_hashes(siblings)


def _check_ranges(siblings: list[tuple[str, Bound]]) -> None:
    previous: tuple[tuple[Position, ...], str] | None = None
    seen: set[Bound] = set()
    for name, bound in siblings:
        if not isinstance(bound, RangeBound):
            continue
        if bound in seen:
            _invalid(f"partition {name} repeats another one's bounds")
        seen.add(bound)
        lower, upper = positions(bound.start), positions(bound.end)
        if lower is None or upper is None:
            continue
        if lower >= upper:
            _invalid(f"partition {name} ends before it starts")
        if previous is not None and lower < previous[0]:
            _invalid(f"partitions {previous[1]} and {name} overlap or are out of order")
        previous = (upper, name)


def _check_lists(siblings: list[tuple[str, Bound]]) -> None:
    seen: set[None | int | str] = set()
    for name, bound in siblings:
        for value in bound.values if isinstance(bound, ListBound) else ():
            if value in seen:
                _invalid(f"partition {name} holds a value that another one holds")
            seen.add(value)


def _check_hashes(siblings: list[tuple[str, Bound]]) -> None:
    remainders: dict[int, set[int]] = {}
    for name, bound in siblings:
        if not isinstance(bound, HashBound):
            continue
        taken = remainders.setdefault(bound.modulus, set())
        if bound.remainder in taken:
            _invalid(f"partition {name} repeats another one's modulus and remainder")
        taken.add(bound.remainder)
    # PostgreSQL's own rule: each modulus is a factor of the next larger one. So there are at most 31 of them.
    moduli = sorted(remainders)
    for smaller, larger in zip(moduli, moduli[1:]):
        if larger % smaller:
            _invalid(f"hash moduli {smaller} and {larger} don't divide each other")
    for index, modulus in enumerate(moduli):
        for smaller in moduli[:index]:
            if any(remainder % smaller in remainders[smaller] for remainder in remainders[modulus]):
                _invalid(f"hash partitions of modulus {smaller} and {modulus} overlap")
