# SPDX-License-Identifier: Apache-2.0
# Part of partition-cli. See LICENSE and CONTRIBUTING.md.
"""Between a document's JSON and its values. Strict: what is written back must be what was read."""

from __future__ import annotations

from typing import NamedTuple, NoReturn

from . import civil
from .canonical import JSON, identical
from .civil import INT64_MAX, INT64_MIN, SECOND
from .document import (
    DEFAULT,
    MAX_VALUE,
    MAXIMUM_ENTRIES,
    MIN_VALUE,
    Bound,
    Datum,
    DefaultBound,
    Entry,
    HashBound,
    KeepPromise,
    Kind,
    Level,
    ListBound,
    RangeBound,
    State,
    Strategy,
)
from .errors import MapErrorCode, PartitionMapError
from .names import EntityName

_BOUND_MEMBERS = ("start", "end", "from", "to", "values", "modulus", "remainder", "path")


class Parts(NamedTuple):
    table: EntityName
    key: tuple[Level, ...]
    timezone: str | None
    keep: KeepPromise | None
    entries: tuple[Entry, ...]


def parts(value: JSON) -> Parts:
    """The values of a document; raises PartitionMapError for a wrong form."""
    if not isinstance(value, dict):
        raise PartitionMapError(MapErrorCode.MALFORMED, "the document isn't a JSON object")
    table = _string(value, "table")
    name = EntityName.parse(table)
    if str(name) != table:
        raise PartitionMapError(MapErrorCode.NOT_CANONICAL, "the table's name isn't in quote_ident form")
    key = tuple(_level(level) for level in _array(value, "key"))
    partitions = _array(value, "partitions")
    if len(partitions) > MAXIMUM_ENTRIES:
        raise PartitionMapError(MapErrorCode.TOO_LARGE, f"more than {MAXIMUM_ENTRIES} partitions")
    entries = tuple(_entry(entry, key) for entry in partitions)
    timezone = _string(value, "timezone") if "timezone" in value else None
    return Parts(name, key, timezone, _keep(value, key), entries)


def _malformed(name: str) -> NoReturn:
    raise PartitionMapError(MapErrorCode.MALFORMED, f"the member {name} is missing or of the wrong form")


def _string(value: dict[str, JSON], name: str) -> str:
    text = value.get(name)
    return text if isinstance(text, str) else _malformed(name)


def _array(value: dict[str, JSON], name: str) -> list[JSON]:
    elements = value.get(name)
    return elements if isinstance(elements, list) else _malformed(name)


def _members(value: JSON, name: str) -> dict[str, JSON]:
    return value if isinstance(value, dict) else _malformed(name)


def _whole(value: dict[str, JSON], name: str) -> int:
    number = value.get(name)
    return number if isinstance(number, int) and not isinstance(number, bool) else _malformed(name)


def _strings(value: dict[str, JSON], name: str) -> tuple[str, ...]:
    return tuple(text if isinstance(text, str) else _malformed(name) for text in _array(value, name))


def _level(value: JSON) -> Level:
    members = _members(value, "key")
    word = _string(members, "strategy")
    if word not in ("range", "list", "hash"):
        _malformed("strategy")
    return Level(_strings(members, "columns"), _strings(members, "types"), Strategy(word))


def _keep(value: dict[str, JSON], key: tuple[Level, ...]) -> KeepPromise | None:
    if "keepFrom" not in value:
        return _malformed("keepFrom") if "keepUntil" in value else None
    if not key or not key[0].types or "keepUntil" not in value:
        _malformed("keepFrom")
    start = _datum(value["keepFrom"], key[0].kinds[0])
    until = _datum(value["keepUntil"], Kind.INSTANT)
    if start is None or until is None or not isinstance(until.value, int):
        _malformed("keepFrom")
    return KeepPromise(start, until.value)


def _entry(value: JSON, key: tuple[Level, ...]) -> Entry:
    members = _members(value, "partitions")
    word = _string(members, "state")
    if word not in ("active", "draining", "default"):
        _malformed("state")
    state = State(word)
    path: tuple[Bound, ...]
    if len(key) == 1:
        path = (DEFAULT if state is State.DEFAULT else _bound(members, key[0]),)
    else:
        elements = _array(members, "path")
        if len(elements) != len(key):
            _malformed("path")
        path = tuple(_bound(_members(element, "path"), level) for element, level in zip(elements, key))
    entry = Entry(_string(members, "schema"), _string(members, "name"), state, path)
    # Written back it must be the same text: one instant, one spelling.
    written = _written(entry, len(key))
    for name in _BOUND_MEMBERS:
        if (name in members) != (name in written) or (
            name in members and not identical(members[name], written[name])
        ):
            raise PartitionMapError(
                MapErrorCode.NOT_CANONICAL, f"the member {name} of partition {entry.name} isn't canonical"
            )
    return entry


def _bound(members: dict[str, JSON], level: Level) -> Bound:
    if members.get("default") is True:
        return DEFAULT
    if level.strategy is Strategy.HASH:
        return HashBound(_whole(members, "modulus"), _whole(members, "remainder"))
    if level.strategy is Strategy.LIST:
        return ListBound(tuple(_list_value(value) for value in _array(members, "values")))
    kinds = level.kinds
    if len(level.columns) != 1 or not kinds:
        return RangeBound(_tuple(members, "start", kinds), _tuple(members, "end", kinds))
    return RangeBound(
        (_single(members, "start", "from", kinds[0], MIN_VALUE),),
        (_single(members, "end", "to", kinds[0], MAX_VALUE),),
    )


def _list_value(value: JSON) -> None | int | str:
    if isinstance(value, bool) or not (value is None or isinstance(value, int | str)):
        return _malformed("values")
    return value


def _tuple(members: dict[str, JSON], name: str, kinds: tuple[Kind, ...]) -> tuple[Datum, ...]:
    elements = _array(members, name)
    if len(elements) != len(kinds):
        _malformed(name)
    found: list[Datum] = []
    for element, kind in zip(elements, kinds):
        if isinstance(element, dict) and element.get("minvalue") is True:
            found.append(MIN_VALUE)
        elif isinstance(element, dict) and element.get("maxvalue") is True:
            found.append(MAX_VALUE)
        else:
            datum = _datum(element, kind)
            found.append(datum if datum is not None else _malformed(name))
    return tuple(found)


def _single(members: dict[str, JSON], name: str, exact_name: str, kind: Kind, unbounded: Datum) -> Datum:
    if name not in members:
        _malformed(name)
    local = members[name]
    if local is None:
        return unbounded
    if kind is not Kind.INSTANT:
        datum = _datum(local, kind)
        return datum if datum is not None else _malformed(name)
    exact = _datum(members.get(exact_name), Kind.INSTANT)
    if exact is None or not isinstance(local, str) or not isinstance(exact.value, int):
        _malformed(exact_name)
    if exact.value in (INT64_MIN, INT64_MAX):
        return exact
    # The zone's offset there is what lies between the two texts.
    text = civil.read(local)
    if text is None:
        _malformed(name)
    apart = text.microseconds - exact.value
    if apart % SECOND or abs(apart // SECOND) > civil.OFFSET_LIMIT:
        _malformed(name)
    return Datum(Kind.INSTANT, exact.value, apart // SECOND)


def _datum(value: JSON, kind: Kind) -> Datum | None:
    if kind is Kind.INTEGER:
        return Datum(kind, value) if isinstance(value, int) and not isinstance(value, bool) else None
    if not isinstance(value, str):
        return None
    if kind is Kind.TEXT:
        return Datum(kind, value)
    microseconds = time_value(value, kind)
    return None if microseconds is None else Datum(kind, microseconds)


def time_value(text: str, kind: Kind) -> int | None:
    """The microseconds of a date, a timestamp without or an instant with an offset; None for anything else."""
    if text in ("-infinity", "infinity"):
        return INT64_MIN if text[0] == "-" else INT64_MAX
    read = civil.read(text)
    if read is None:
        return None
    if kind is Kind.DATE:
        return None if read.has_time else read.microseconds
    if kind is Kind.TIMESTAMP:
        return read.microseconds if read.offset is None else None
    return read.instant


def _written(entry: Entry, levels: int) -> dict[str, JSON]:
    if levels == 1:
        # One level: the bounds stand in the entry itself, and `state` says which one is the default partition.
        bound = entry.path[0]
        return {} if isinstance(bound, DefaultBound) else _bound_members(bound)
    return {"path": [_bound_members(bound) for bound in entry.path]}


def _bound_members(bound: Bound) -> dict[str, JSON]:
    match bound:
        case DefaultBound():
            return {"default": True}
        case HashBound(modulus, remainder):
            return {"modulus": modulus, "remainder": remainder}
        case ListBound(values):
            return {"values": list(values)}
        case RangeBound((start,), (end,)):
            return _single_members("start", "from", start) | _single_members("end", "to", end)
        case RangeBound(start_tuple, end_tuple):
            return {"start": [_element(datum) for datum in start_tuple], "end": [_element(datum) for datum in end_tuple]}


def _single_members(name: str, exact_name: str, datum: Datum) -> dict[str, JSON]:
    if datum.kind in (Kind.MIN_VALUE, Kind.MAX_VALUE):
        return {name: None}
    if datum.kind is Kind.INSTANT:
        return {name: datum.text, exact_name: _element(datum)}
    return {name: _element(datum)}


def _element(datum: Datum) -> JSON:
    # In a key of several columns null couldn't tell MINVALUE from MAXVALUE.
    if datum.kind in (Kind.MIN_VALUE, Kind.MAX_VALUE):
        return {datum.kind.value: True}
    if datum.kind is Kind.INSTANT and isinstance(datum.value, int):
        return civil.bounded(datum.value, civil.instant_text)
    return datum.value if datum.kind is Kind.INTEGER else datum.text
