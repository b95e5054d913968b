# SPDX-License-Identifier: Apache-2.0
# Part of partition-cli. See LICENSE and CONTRIBUTING.md.
"""Names of tables, as PostgreSQL reads and quotes them."""

from __future__ import annotations

import re
from dataclasses import dataclass

from .errors import MapErrorCode, PartitionMapError

#: ``select word from pg_get_keywords() where catcode <> 'U'``, PostgreSQL 15 to 18 together: the key under which a map is
#: stored must not change with the server's version.
_KEYWORDS = frozenset(
    """
    all analyse analyze and any array as asc asymmetric authorization between bigint binary bit
    boolean both case cast char character check coalesce collate collation column concurrently
    constraint create cross current_catalog current_date current_role current_schema current_time
    current_timestamp current_user dec decimal default deferrable desc distinct do else end except
    exists extract false fetch float for foreign freeze from full grant greatest group grouping
    having ilike in initially inner inout int integer intersect interval into is isnull join json
    json_array json_arrayagg json_exists json_object json_objectagg json_query json_scalar
    json_serialize json_table json_value lateral leading least left like limit localtime
    localtimestamp merge_action national natural nchar none normalize not notnull null nullif
    numeric offset on only or order out outer overlaps overlay placing position precision primary
    real references returning right row select session_user setof similar smallint some substring
    symmetric system_user table tablesample then time timestamp to trailing treat trim true union
    unique user using values varchar variadic verbose when where window with xmlattributes xmlconcat
    xmlelement xmlexists xmlforest xmlnamespaces xmlparse xmlpi xmlroot xmlserialize xmltable
    """.split()
)
_PLAIN = re.compile(r"[a-z_][a-z0-9_]*")
_PART = re.compile(r'"((?:[^"]|"")*)"|([A-Za-z_\u0080-\U0010ffff][A-Za-z0-9_$\u0080-\U0010ffff]*)')
_ENCODED = re.compile(r"[%{}/\x00-\x1f\x7f]")


def quoted(identifier: str) -> str:
    """The identifier as PostgreSQL's ``quote_ident`` writes it."""
    if _PLAIN.fullmatch(identifier) and identifier not in _KEYWORDS:
        return identifier
    doubled = identifier.replace('"', '""')
    return f'"{doubled}"'


@dataclass(frozen=True, slots=True)
class EntityName:
    """The name under which a partitioned table's map is kept: schema and table as the catalog has them, unquoted."""

    schema: str
    table: str

    @classmethod
    def parse(cls, text: str) -> EntityName:
        """Reads ``events``, ``app.orders`` or ``"My Schema"."T"`` as PostgreSQL does.

        What isn't quoted is folded to lower case (ASCII only); a missing schema is ``public``.
        Raises PartitionMapError (malformed) for anything else.
        """
        names: list[str] = []
        position = 0
        while True:
            match = _PART.match(text, position)
            if match is None:
                break
            name = match[1].replace('""', '"') if match[1] is not None else _folded(match[2])
            if not name or "\0" in name:
                break
            names.append(name)
            position = match.end()
            if position == len(text) and len(names) <= 2:
                return cls(*names) if len(names) == 2 else cls("public", name)
            if len(names) == 2 or text[position : position + 1] != ".":
                break
            position += 1
        raise PartitionMapError(
            MapErrorCode.MALFORMED, 'not a table\'s name: expected name, schema.name or "Schema"."Name"'
        )

    def __str__(self) -> str:
        """In ``quote_ident`` form, schema-qualified outside ``public``: the document's ``table``."""
        return quoted(self.table) if self.schema == "public" else f"{quoted(self.schema)}.{quoted(self.table)}"

    @property
    def store_key(self) -> str:
        """As it stands inside a store's keys: ``%``, ``{``, ``}``, ``/`` and control characters percent-encoded."""
        return _ENCODED.sub(lambda match: f"%{ord(match[0]):02X}", str(self))


def _folded(text: str) -> str:
    return "".join(chr(ord(letter) + 32) if "A" <= letter <= "Z" else letter for letter in text)
