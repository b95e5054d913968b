# SPDX-License-Identifier: Apache-2.0
# Part of partition-cli. See LICENSE and CONTRIBUTING.md.
"""A store of partition maps that applications watch; see REGISTRY.md's layout per store."""

from __future__ import annotations

import asyncio
import enum
from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Protocol

from .document import PartitionMapDocument
from .errors import PartitionMapError, RegistryError, RegistryErrorCode
from .header import PartitionMapHeader
from .names import EntityName


@dataclass(frozen=True, slots=True)
class PublishedMap:
    """A document and the header that belongs to it."""

    header: PartitionMapHeader
    document: PartitionMapDocument


class Hint(enum.Enum):
    """"Read again." That is all a hint says; it is no evidence of anything, and may be lost, repeated and reordered."""

    #: A map may have changed.
    CHANGED = "changed"
    #: Listening began anew; hints may have been missed.
    RECONNECTED = "reconnected"


class Registry(Protocol):
    """What a router needs of a store. All methods may be used from several event loops."""

    async def header(self, entity: EntityName) -> PartitionMapHeader | None:
        """Reads a table's header linearizably; None when nothing is published. Raises RegistryError."""

    async def load(self, entity: EntityName) -> PublishedMap | None:
        """Reads header and document, which belong together and are valid. Raises RegistryError."""

    def watch(self, entity: EntityName) -> AsyncIterator[Hint]:
        """Hints from now on, RECONNECTED first; raises RegistryError when listening breaks. Begin anew then."""

    async def close(self) -> None:
        """Closes this event loop's connections; the next call opens others."""


async def published(entity: EntityName, header: PartitionMapHeader, content: bytes) -> PublishedMap:
    """Header and document as a store returned them; raises RegistryError (corrupt) unless they belong together.

    A large document takes seconds to read, which the event loop doesn't stand still for.
    """
    return await asyncio.to_thread(_published, entity, header, content)


def _published(entity: EntityName, header: PartitionMapHeader, content: bytes) -> PublishedMap:
    try:
        document = PartitionMapDocument.parse(content)
        header.check(document)
    except PartitionMapError as error:
        raise RegistryError(
            RegistryErrorCode.CORRUPT, f"the published document can't be used: {error.message}"
        ) from None
    if document.table != entity:
        raise RegistryError(
            RegistryErrorCode.CORRUPT, "the published document can't be used: it is another table's"
        )
    return PublishedMap(header, document)


def corrupt_header(error: PartitionMapError) -> RegistryError:
    return RegistryError(RegistryErrorCode.CORRUPT, f"the published header can't be read: {error.message}")
