# SPDX-License-Identifier: Apache-2.0
# Part of partition-cli. See LICENSE and CONTRIBUTING.md.
"""A strict, bounded JSON reader, and the canonical form: what is read may have been written by anybody."""

from __future__ import annotations

import json
from typing import Never, TypeAlias

from .civil import INT64_MAX, INT64_MIN
from .errors import MapErrorCode, PartitionMapError

#: Deeper nesting than a document can have.
MAXIMUM_DEPTH = 16

JSON: TypeAlias = "None | bool | int | str | list[JSON] | dict[str, JSON]"


def _refuse(what: str) -> PartitionMapError:
    return PartitionMapError(MapErrorCode.MALFORMED, f"not JSON that a partition map may have: {what}")


def _no_number(text: str) -> Never:
    raise _refuse("a number that isn't a 64-bit integer")


def _integer(text: str) -> int:
    if len(text) > 20:
        _no_number(text)
    value = int(text)
    return value if INT64_MIN <= value <= INT64_MAX else _no_number(text)


def _object(pairs: list[tuple[str, JSON]]) -> dict[str, JSON]:
    members = dict(pairs)
    if len(members) != len(pairs):
        raise _refuse("a repeated key")
    return members


_decoder = json.JSONDecoder(
    object_pairs_hook=_object, parse_int=_integer, parse_float=_no_number, parse_constant=_no_number
)


def canonical(value: JSON) -> bytes:
    """Keys sorted by their UTF-8 bytes, no insignificant space, the shortest escapes."""
    # Python sorts by code points, which is the order of UTF-8's bytes.
    text = json.dumps(value, ensure_ascii=False, sort_keys=True, separators=(",", ":"))
    return text.encode("utf-8")


def read(content: bytes) -> tuple[JSON, bool]:
    """The value, and whether its bytes are the canonical form.

    Refuses repeated keys, numbers that aren't 64-bit integers, invalid UTF-8, lone surrogates, trailing bytes and
    nesting below MAXIMUM_DEPTH, with PartitionMapError.
    """
    try:
        value: JSON = _decoder.decode(content.decode("utf-8"))
        _check_depth(value)
        return value, canonical(value) == content
    except UnicodeEncodeError:
        raise _refuse("a lone surrogate") from None
    except UnicodeDecodeError:
        raise _refuse("text not in UTF-8") from None
    except RecursionError:
        raise _too_deep() from None
    except json.JSONDecodeError as error:
        raise _refuse(f"{error.msg} at character {error.pos}") from None


def _too_deep() -> PartitionMapError:
    return PartitionMapError(MapErrorCode.TOO_LARGE, f"nested deeper than {MAXIMUM_DEPTH} levels")


def _check_depth(value: JSON) -> None:
    level: list[JSON] = [value]
    depth = 0
    while True:
        inner: list[JSON] = []
        containers = 0
        for element in level:
            if isinstance(element, dict):
                containers += 1
                inner.extend(element.values())
            elif isinstance(element, list):
                containers += 1
                inner.extend(element)
        if not containers:
            return
        depth += 1
        if depth > MAXIMUM_DEPTH:
            raise _too_deep()
        level = inner


def identical(one: JSON, other: JSON) -> bool:
    """Whether both have the same canonical form; Python's ``==`` holds True and 1 for equal."""
    if isinstance(one, dict) and isinstance(other, dict):
        return one.keys() == other.keys() and all(identical(value, other[key]) for key, value in one.items())
    if isinstance(one, list) and isinstance(other, list):
        return len(one) == len(other) and all(map(identical, one, other))
    return type(one) is type(other) and one == other
