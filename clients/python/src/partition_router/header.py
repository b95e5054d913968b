# SPDX-License-Identifier: Apache-2.0
# Part of partition-cli. See LICENSE and CONTRIBUTING.md.
"""What stands beside a document in every store: which version it is, and of which database."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass

from . import canonical
from .civil import INT64_MAX
from .document import MAXIMUM_SIZE, PartitionMapDocument
from .errors import MapErrorCode, PartitionMapError

#: Versions are below 2^53, so that every client language reads them exactly.
VERSION_LIMIT = 1 << 53
#: Longer header texts aren't read: a database's name has at most 63 bytes.
MAXIMUM_TEXT_SIZE = 16 << 10
#: The names of the fields, in every store.
FIELDS = ("version", "checksum", "size", "chunks", "systemIdentifier", "database", "timeline", "lsn")

_CHECKSUM = re.compile(r"[0-9a-f]{64}")
_NUMBER = re.compile(r"0|-?[1-9][0-9]{0,18}")
_DIGITS = re.compile(r"[0-9]+")
_LSN = re.compile(r"([0-9A-Fa-f]+)/([0-9A-Fa-f]+)")


@dataclass(frozen=True, slots=True)
class PartitionMapHeader:
    #: Grows with every publish; at least 1.
    version: int
    #: SHA-256 of the document's bytes, 64 lower-case hexadecimal digits.
    checksum: str
    #: The document's size in bytes.
    size: int
    #: In how many pieces the store keeps the document.
    chunks: int
    #: ``pg_control_system().system_identifier`` of the cluster that published.
    system_identifier: str
    database: str
    timeline: int
    #: As a number: bytes since the log's beginning.
    lsn: int

    @classmethod
    def of_fields(cls, fields: Mapping[str, str]) -> PartitionMapHeader:
        """Reads a header from a store's fields; raises PartitionMapError for one that no publish writes."""
        header = cls(
            version=_number(fields, "version"),
            checksum=_text(fields, "checksum"),
            size=_number(fields, "size"),
            chunks=_number(fields, "chunks"),
            system_identifier=_text(fields, "systemIdentifier"),
            database=_text(fields, "database"),
            timeline=_number(fields, "timeline"),
            lsn=_lsn(_text(fields, "lsn")),
        )
        if not (
            1 <= header.version < VERSION_LIMIT
            and _CHECKSUM.fullmatch(header.checksum)
            and 1 <= header.size <= MAXIMUM_SIZE
            and 1 <= header.chunks <= header.size
            and _DIGITS.fullmatch(header.system_identifier)
            and header.database
            and header.timeline >= 1
        ):
            raise PartitionMapError(MapErrorCode.INVALID, "a value of the header is out of its bounds")
        return header

    @classmethod
    def parse(cls, content: bytes) -> PartitionMapHeader:
        """Reads the one text that etcd and Consul keep: a JSON object of the fields. Other members are skipped."""
        if len(content) > MAXIMUM_TEXT_SIZE:
            raise PartitionMapError(
                MapErrorCode.TOO_LARGE, f"a header of more than {MAXIMUM_TEXT_SIZE} bytes"
            )
        value, _ = canonical.read(content)
        if not isinstance(value, dict):
            raise PartitionMapError(MapErrorCode.MALFORMED, "the header isn't a JSON object")
        return cls.of_fields({name: text for name, text in value.items() if isinstance(text, str)})

    def check(self, document: PartitionMapDocument) -> None:
        """Raises PartitionMapError (mismatch) when size or checksum aren't the document's."""
        if self.size != len(document.content) or self.checksum != document.checksum:
            raise PartitionMapError(
                MapErrorCode.MISMATCH, "size or checksum in the header isn't the document's"
            )


def _text(fields: Mapping[str, str], name: str) -> str:
    if name not in fields:
        raise PartitionMapError(MapErrorCode.MALFORMED, f"the header has no {name}")
    return fields[name]


def _number(fields: Mapping[str, str], name: str) -> int:
    text = _text(fields, name)
    # Written back it must be the same: no sign, no leading zero.
    if _NUMBER.fullmatch(text) is None or abs(int(text)) > INT64_MAX:
        raise PartitionMapError(MapErrorCode.MALFORMED, f"the header's {name} isn't a number")
    return int(text)


def _lsn(text: str) -> int:
    match = _LSN.fullmatch(text)
    if match is None or max(int(match[1], 16), int(match[2], 16)) >= 1 << 32:
        raise PartitionMapError(MapErrorCode.MALFORMED, "not a log sequence number")
    return int(match[1], 16) << 32 | int(match[2], 16)
