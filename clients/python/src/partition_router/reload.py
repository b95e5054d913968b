# SPDX-License-Identifier: Apache-2.0
# Part of partition-cli. See LICENSE and CONTRIBUTING.md.
"""Decides when a map is read again, and whether what was read is taken.

Values in, actions out; no clock and no I/O. All times are seconds of a monotonic clock.

The *age* of the served map counts from when the last linearizable read that found exactly this map was *sent*: what happened
in the store after that moment the router can't know. Nothing else renews it, above all no hint, no read that found another
version, none that found nothing and none that failed. A publisher may therefore rely on this: two bounds after it published a
partition as draining, no router serves that partition.
"""

from __future__ import annotations

import enum
import random
from dataclasses import dataclass
from typing import NamedTuple

from .errors import RegistryError


class MapIdentity(NamedTuple):
    """What tells one published map of a table from another."""

    version: int
    checksum: str


class Relation(enum.Enum):
    SAME = "same"
    NEWER = "newer"
    CONFLICT = "conflict"


def relation(found: MapIdentity, served: MapIdentity | None) -> Relation:
    """Only a higher version is newer; an equal one with another checksum, or a lower one, is a conflict."""
    if served is None or found.version > served.version:
        return Relation.NEWER
    return Relation.SAME if found == served else Relation.CONFLICT


@dataclass(frozen=True, slots=True)
class Timing:
    """Seconds. All of them promises to publishers or to operators, none a matter of taste."""

    #: The age beyond which a map is stale.
    bound: float = 90
    #: The longest pause between two reads; the shortest is half of it, so that a fleet doesn't read in one moment.
    interval: float = 30
    #: The first pause after a failed read; it doubles up to ``interval``.
    first_retry: float = 0.5


class ReadHeader(NamedTuple):
    """Read the header."""


class ReadDocument(NamedTuple):
    """A header of this map was just read, by a read that was sent then: read the map."""

    identity: MapIdentity
    sent_at: float


class Take(NamedTuple):
    """Serve the map that was just read."""

    identity: MapIdentity


class Renew(NamedTuple):
    """The served map was confirmed."""


class Trouble(NamedTuple):
    """What somebody should hear of, once for as long as it lasts."""

    #: conflict, missing, failed, stale or recovered.
    kind: str
    found: MapIdentity | None = None
    error: RegistryError | None = None


Action = ReadHeader | ReadDocument | Take | Renew | Trouble


class ReloadMachine:
    def __init__(self, timing: Timing = Timing(), seed: int | None = None) -> None:
        self._timing = timing
        self._random = random.Random(seed)
        #: The map being served.
        self.served: MapIdentity | None = None
        #: When the last read that found the served map was sent.
        self.confirmed_at: float | None = None
        self._is_reading = False
        # A hint came after the read under way was sent, which may have missed what the hint is about.
        self._must_read_again = False
        self._next_read: float | None = None
        self._failures = 0
        self._trouble: tuple[str, object] | None = None
        self._said_stale = False

    @property
    def stale_at(self) -> float | None:
        """When the served map will be stale unless it is confirmed before."""
        return None if self.confirmed_at is None else self.confirmed_at + self._timing.bound

    def started(self, now: float) -> list[Action]:
        """Somebody begins to carry out the actions, for the first time or after somebody else stopped."""
        return self._read()

    def hinted(self, now: float) -> list[Action]:
        if self._is_reading:
            self._must_read_again = True
            return []
        return self._read()

    def ticked(self, now: float) -> list[Action]:
        """Time has passed. To be called at least every second."""
        actions: list[Action] = []
        if self.stale_at is not None and now >= self.stale_at and not self._said_stale:
            self._said_stale = True
            actions.append(Trouble("stale"))
        if not self._is_reading and self._next_read is not None and now >= self._next_read:
            actions += self._read()
        return actions

    def header_read(self, found: MapIdentity | None, sent_at: float, now: float) -> list[Action]:
        """A linearizable read of the header, sent then, was answered; None when there is no map."""
        if found is not None and relation(found, self.served) is Relation.NEWER:
            self._failures = 0
            return [ReadDocument(found, sent_at)]
        return self._answered(found, sent_at, now)

    def document_read(self, found: MapIdentity | None, sent_at: float, now: float) -> list[Action]:
        """Header and document were read together, by a read sent then; None when there is no map."""
        if found is None or relation(found, self.served) is not Relation.NEWER:
            return self._answered(found, sent_at, now)
        self._ended()
        self.served = found
        # Of another map, so that it may well lie before what confirmed the last one.
        self.confirmed_at = sent_at
        return [Take(found), *self._recovered(), *self._finished(now)]

    def failed(self, error: RegistryError, now: float) -> list[Action]:
        """A read failed; the served map is kept."""
        failures = self._failures
        self._ended()
        self._failures = failures + 1
        actions = self._report(Trouble("failed", error=error), str(error))
        if self._must_read_again:
            return actions + self._finished(now)
        pause = min(self._timing.first_retry * 2 ** min(failures, 30), self._timing.interval)
        self._next_read = now + pause * self._half_to_one()
        return actions

    def _answered(self, found: MapIdentity | None, sent_at: float, now: float) -> list[Action]:
        self._ended()
        if found is None:
            return self._report(Trouble("missing"), None) + self._finished(now)
        if relation(found, self.served) is Relation.CONFLICT:
            return self._report(Trouble("conflict", found=found), found) + self._finished(now)
        self.confirmed_at = sent_at if self.confirmed_at is None else max(self.confirmed_at, sent_at)
        return [Renew(), *self._recovered(), *self._finished(now)]

    def _ended(self) -> None:
        self._is_reading = False
        self._failures = 0

    def _read(self) -> list[Action]:
        self._is_reading = True
        self._must_read_again = False
        return [ReadHeader()]

    def _finished(self, now: float) -> list[Action]:
        self._next_read = now + self._timing.interval * self._half_to_one()
        return self._read() if self._must_read_again else []

    def _half_to_one(self) -> float:
        return self._random.uniform(0.5, 1)

    def _report(self, trouble: Trouble, what: object) -> list[Action]:
        if (trouble.kind, what) == self._trouble:
            return []
        self._trouble = (trouble.kind, what)
        return [trouble]

    def _recovered(self) -> list[Action]:
        was_troubled = self._trouble is not None or self._said_stale
        self._trouble = None
        self._said_stale = False
        return [Trouble("recovered")] if was_troubled else []
