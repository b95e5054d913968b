# SPDX-License-Identifier: Apache-2.0
# Part of partition-cli. See LICENSE and CONTRIBUTING.md.
"""Date and time texts of a document, in the proleptic Gregorian calendar, as microseconds since 1970.

No zone rules: offsets come from outside. ``datetime`` ends at the year 9999; PostgreSQL's times don't.
"""

from __future__ import annotations

import datetime
import re
from collections.abc import Callable
from typing import NamedTuple

INT64_MIN = -(1 << 63)
INT64_MAX = (1 << 63) - 1
SECOND = 1_000_000
DAY = 86_400 * SECOND
#: PostgreSQL's offsets stay within ±15:59:59.
OFFSET_LIMIT = 57_599

_FORM = re.compile(
    r"([+-]?)([0-9]{4,6})-([0-9]{2})-([0-9]{2})"
    r"(?:[T ]([0-9]{2}):([0-9]{2})(?::([0-9]{2})(?:\.([0-9]{1,6}))?)?"
    r"(Z|([+-])([0-9]{2})(?::([0-9]{2})(?::([0-9]{2}))?)?)?)?"
)
_EPOCH = datetime.datetime(1970, 1, 1)
_EPOCH_UTC = datetime.datetime(1970, 1, 1, tzinfo=datetime.UTC)
_MICROSECOND = datetime.timedelta(microseconds=1)


class CivilText(NamedTuple):
    """A date, perhaps a time, perhaps an offset, as read from text."""

    #: Since 1970-01-01 00:00 of the text's own civil time.
    microseconds: int
    has_time: bool
    #: Seconds east of UTC; None when the text has none.
    offset: int | None

    @property
    def instant(self) -> int | None:
        """Microseconds since 1970 UTC; None without an offset."""
        return None if self.offset is None else self.microseconds - self.offset * SECOND


def day_number(year: int, month: int, day: int) -> int:
    """Days since 1970-01-01; a day that the month doesn't have runs on into the next."""
    shifted = year - 1 if month <= 2 else year
    era = shifted // 400
    year_of_era = shifted - era * 400
    day_of_year = (153 * (month - 3 if month > 2 else month + 9) + 2) // 5 + day - 1
    return era * 146_097 + year_of_era * 365 + year_of_era // 4 - year_of_era // 100 + day_of_year - 719_468


def date_of(day: int) -> tuple[int, int, int]:
    """Year, month and day of the month."""
    # Days since 0000-03-01, in eras of 400 years, so that the leap day ends a year.
    shifted = day + 719_468
    era = shifted // 146_097
    day_of_era = shifted - era * 146_097
    year_of_era = (day_of_era - day_of_era // 1460 + day_of_era // 36_524 - day_of_era // 146_096) // 365
    day_of_year = day_of_era - (365 * year_of_era + year_of_era // 4 - year_of_era // 100)
    from_march = (5 * day_of_year + 2) // 153
    month = from_march + 3 if from_march < 10 else from_march - 9
    year = year_of_era + era * 400 + (1 if month <= 2 else 0)
    return year, month, day_of_year - (153 * from_march + 2) // 5 + 1


def read(text: str) -> CivilText | None:
    """Reads ``2026-11-01``, ``2026-11-01T06:00:00``, with an offset or ``Z`` after it.

    A space for the ``T``, missing seconds and one to six digits of a fraction are read too. Years lie within ±290,000.
    None for anything else.
    """
    match = _FORM.fullmatch(text)
    if match is None:
        return None
    sign, year, month, day = match[1], int(match[2]), int(match[3]), int(match[4])
    if year > 290_000 or not 1 <= month <= 12 or not 1 <= day <= 31:
        return None
    number = day_number(-year if sign == "-" else year, month, day)
    # A day that the month doesn't have comes back as another one.
    if date_of(number)[2] != day:
        return None
    if match[5] is None:
        return CivilText(number * DAY, False, None)
    hour, minute, second = int(match[5]), int(match[6]), int(match[7] or 0)
    if hour > 23 or minute > 59 or second > 59:
        return None
    fraction = int((match[8] or "").ljust(6, "0"))
    microseconds = number * DAY + ((hour * 60 + minute) * 60 + second) * SECOND + fraction
    if match[9] is None:
        return CivilText(microseconds, True, None)
    if match[9] == "Z":
        return CivilText(microseconds, True, 0)
    minutes, seconds = int(match[12] or 0), int(match[13] or 0)
    offset = (int(match[11]) * 60 + minutes) * 60 + seconds
    if minutes > 59 or seconds > 59 or offset > OFFSET_LIMIT:
        return None
    return CivilText(microseconds, True, -offset if match[10] == "-" else offset)


def date_text(microseconds: int) -> str:
    """The date alone; years beyond 9999 and before 0 carry a sign."""
    year, month, day = date_of(microseconds // DAY)
    sign = "-" if year < 0 else "+" if year > 9999 else ""
    return f"{sign}{abs(year):04}-{month:02}-{day:02}"


def date_time_text(microseconds: int) -> str:
    """Always with a time; six digits of a fraction where there is one."""
    second, fraction = divmod(microseconds % DAY, SECOND)
    clock = f"{second // 3600:02}:{second // 60 % 60:02}:{second % 60:02}"
    return f"{date_text(microseconds)}T{clock}" + (f".{fraction:06}" if fraction else "")


def civil_text(microseconds: int) -> str:
    """A plain date at midnight, else a date-time."""
    return date_text(microseconds) if microseconds % DAY == 0 else date_time_text(microseconds)


def instant_text(microseconds: int) -> str:
    """RFC 3339 in UTC."""
    return date_time_text(microseconds) + "Z"


def offset_text(seconds: int) -> str:
    """``+01:00``, with seconds only where there are some."""
    size = abs(seconds)
    tail = f":{size % 60:02}" if size % 60 else ""
    return f"{'-' if seconds < 0 else '+'}{size // 3600:02}:{size // 60 % 60:02}{tail}"


def local_text(microseconds: int, offset: int) -> str:
    """A plain date at a local midnight, else a local date-time with its offset."""
    if microseconds in (INT64_MIN, INT64_MAX):
        return bounded(microseconds, civil_text)
    local = microseconds + offset * SECOND
    return civil_text(local) + ("" if local % DAY == 0 else offset_text(offset))


def bounded(microseconds: int, text: Callable[[int], str]) -> str:
    """The infinities by their names, other times by ``text``, which is one of the functions above."""
    if microseconds == INT64_MIN:
        return "-infinity"
    return "infinity" if microseconds == INT64_MAX else text(microseconds)


def of_datetime(value: datetime.datetime) -> int:
    """Microseconds since 1970: of UTC where the value has a zone, else of its own civil time."""
    epoch = _EPOCH if value.utcoffset() is None else _EPOCH_UTC
    return (value - epoch) // _MICROSECOND


def of_date(value: datetime.date) -> int:
    """Microseconds from 1970 to the day's midnight."""
    return (value.toordinal() - _EPOCH.toordinal()) * DAY
