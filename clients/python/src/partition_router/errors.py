# SPDX-License-Identifier: Apache-2.0
# Part of partition-cli. See LICENSE and CONTRIBUTING.md.
"""What can go wrong, with the same names as in the Swift router."""

from __future__ import annotations

import enum


class MapErrorCode(enum.Enum):
    """Why bytes, values or names aren't a partition map."""

    #: The bytes aren't JSON, or the text isn't of the form it should have.
    MALFORMED = "malformed"
    #: Another text says the same, so that two stores could hold different bytes for one map.
    NOT_CANONICAL = "notCanonical"
    #: A bound on size, depth or count is exceeded.
    TOO_LARGE = "tooLarge"
    #: Well formed, but a rule is broken: overlapping bounds, a wrong order, an impossible combination.
    INVALID = "invalid"
    #: Header and document don't belong together.
    MISMATCH = "mismatch"


class PartitionMapError(Exception):
    """Bytes, values or names that aren't a partition map."""

    def __init__(self, code: MapErrorCode, message: str) -> None:
        super().__init__(message)
        self.code = code
        self.message = message

    def __reduce__(self) -> tuple[type[PartitionMapError], tuple[object, ...]]:
        # Errors of a worker's are sent to its parent; unless told otherwise, pickle takes the text for the arguments.
        return PartitionMapError, (self.code, self.message)


class RegistryErrorCode(enum.Enum):
    """Why a registry couldn't do what it was asked to."""

    #: No answer in time, or none that a healthy store gives.
    UNREACHABLE = "unreachable"
    #: The store answered no: password, privilege, certificate.
    REFUSED = "refused"
    #: The store holds something that no publish can have written.
    CORRUPT = "corrupt"
    #: The store, or its version, can't do this; or the package for it isn't installed.
    UNSUPPORTED = "unsupported"
    #: The store is there, but the registry's schema isn't.
    NOT_INSTALLED = "notInstalled"


class RegistryError(Exception):
    """A registry couldn't do what it was asked to. No text in it holds a secret."""

    def __init__(self, code: RegistryErrorCode, message: str, hint: str | None = None) -> None:
        super().__init__(f"{message} ({hint})" if hint else message)
        self.code = code
        self.message = message
        self.hint = hint

    def __reduce__(self) -> tuple[type[RegistryError], tuple[object, ...]]:
        return RegistryError, (self.code, self.message, self.hint)


class RegistryURLError(ValueError):
    """A registry URL that can't be used. It never quotes the URL."""

    def __init__(self, message: str, hint: str | None = None) -> None:
        super().__init__(f"{message} ({hint})" if hint else message)
        self.message = message
        self.hint = hint

    def __reduce__(self) -> tuple[type[RegistryURLError], tuple[object, ...]]:
        return RegistryURLError, (self.message, self.hint)


def printable(text: object) -> str:
    """Server text for a log: short, and without control characters."""
    return "".join(letter if letter.isprintable() else "?" for letter in str(text)[:80])
