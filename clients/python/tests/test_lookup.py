# SPDX-License-Identifier: Apache-2.0
# Part of partition-cli. See LICENSE and CONTRIBUTING.md.
"""Keys as Python has them."""

from __future__ import annotations

import datetime
import unittest
from zoneinfo import ZoneInfo

from partition_router import EntityName, PartitionLookup, PartitionMapDocument, PartitionMapError, quoted
from partition_router import civil
from partition_router.lookup import Key

from .maps import EVENTS, canonical, daily, vectors


def vector(name: str) -> PartitionLookup:
    found = next(vector for vector in vectors("documents.json") if vector["name"] == name)
    return PartitionLookup(PartitionMapDocument.parse(found["document"].encode()))


class Keys(unittest.TestCase):
    def name(self, lookup: PartitionLookup, *key: Key) -> str | None:
        index = lookup.find(key)
        return None if index is None else lookup.document.entries[index].name

    def refused(self, lookup: PartitionLookup, *key: Key) -> None:
        with self.assertRaises(PartitionMapError):
            lookup.find(key)

    def test_instants(self) -> None:
        lookup = vector("berlin-autumn")
        berlin = ZoneInfo("Europe/Berlin")
        twice = datetime.datetime(2026, 10, 25, 2, 30, tzinfo=berlin)
        self.assertEqual(self.name(lookup, twice), "h1")
        self.assertEqual(self.name(lookup, twice.replace(fold=1)), "h2")
        self.assertEqual(self.name(lookup, twice.astimezone(datetime.UTC)), "h1")
        self.assertEqual(self.name(lookup, datetime.date(2026, 10, 25)), "h0")
        self.assertEqual(self.name(lookup, civil.of_datetime(twice)), "h1")
        # Which of two instants it is, only the application knows.
        self.refused(lookup, datetime.datetime(2026, 10, 25, 2, 30))

    def test_havana_begins_its_day_at_the_second_midnight(self) -> None:
        lookup = vector("havana")
        text = lookup.document.entries[0].path[0]
        self.assertIsNotNone(text)
        for case in next(v for v in vectors("lookups.json") if v["document"] == "havana")["cases"]:
            if case["expect"] == "active" and len(case["key"][0]) == 10:
                day = datetime.date.fromisoformat(case["key"][0])
                self.assertEqual(self.name(lookup, day), case["partition"])

    def test_of_two_midnights_the_later_one(self) -> None:
        bounds = [
            ("2026-11-01", "2026-11-01T04:00:00Z"),
            ("2026-11-01T00:30:00-04:00", "2026-11-01T04:30:00Z"),
            ("2026-11-01", "2026-11-01T05:00:00Z"),
            ("2026-11-01T00:30:00-05:00", "2026-11-01T05:30:00Z"),
        ]
        entries = [
            {"name": name, "schema": "public", "state": "active", "start": start, "from": exact, "end": end, "to": to}
            for name, (start, exact), (end, to) in zip("abc", bounds, bounds[1:])
        ]
        key = [{"columns": ["at"], "types": ["timestamp with time zone"], "strategy": "range"}]
        document = {"table": "t", "key": key, "partitions": entries, "timezone": "America/Havana"}
        lookup = PartitionLookup(PartitionMapDocument.parse(canonical(document)))
        self.assertEqual(self.name(lookup, datetime.date(2026, 11, 1)), "c")
        self.assertEqual(self.name(lookup, "2026-11-01"), "c")
        self.assertEqual(self.name(lookup, "2026-11-01T00:00:00-04:00"), "a")

    def test_timestamps(self) -> None:
        lookup = vector("timestamps")
        self.assertEqual(self.name(lookup, datetime.datetime(2026, 11, 1, 6)), "odd")
        self.assertEqual(self.name(lookup, datetime.datetime(2026, 11, 1, 6, 0, 0, 1)), "late")
        self.assertEqual(self.name(lookup, datetime.date(2026, 11, 1)), "early")
        self.refused(lookup, datetime.datetime(2026, 11, 1, 6, tzinfo=datetime.UTC))

    def test_dates(self) -> None:
        lookup = vector("dates-strict")
        self.assertEqual(self.name(lookup, datetime.date(2026, 10, 1)), "a")
        self.assertIsNone(self.name(lookup, datetime.date(2026, 10, 2)))
        self.assertIsNone(self.name(lookup, None))
        self.refused(lookup, datetime.datetime(2026, 10, 1))

    def test_numbers(self) -> None:
        lookup = vector("integers")
        names = {self.name(lookup, key) for key in (-(1 << 63), (1 << 63) - 1)}
        self.assertNotIn(None, names)
        for wrong in (1 << 63, -(1 << 63) - 1, True, "1.0", " 1", "1_0", "٣", 1.0):
            self.refused(lookup, wrong)  # type: ignore[arg-type]

    def test_lists(self) -> None:
        lookup = vector("list-text")
        self.refused(lookup, 5)
        self.refused(vector("list-integers"), True)
        entry = {"name": "a", "schema": "public", "state": "active", "values": ["2026-11-01", None]}
        key = [{"columns": ["d"], "types": ["date"], "strategy": "list"}]
        dates = PartitionLookup(
            PartitionMapDocument.parse(canonical({"table": "t", "key": key, "partitions": [entry]}))
        )
        self.assertEqual(self.name(dates, datetime.date(2026, 11, 1)), "a")
        self.assertEqual(self.name(dates, None), "a")
        self.assertIsNone(self.name(dates, datetime.date(2026, 11, 2)))

    def test_between(self) -> None:
        document = PartitionMapDocument.parse(daily(4, default=True))
        lookup = PartitionLookup(document)
        november = civil.of_date(datetime.date(2026, 11, 1))

        def names(start: int, end: int) -> list[str]:
            found = lookup.between(november + start, november + end)
            assert found is not None
            return ["gap" if index is None else document.entries[index].name.removeprefix("events_") for index in found]

        self.assertEqual(names(0, 1), ["0"])
        self.assertEqual(names(-1, civil.DAY), ["gap", "0"])
        self.assertEqual(names(-1, civil.DAY + 1), ["gap", "0", "1"])
        self.assertEqual(names(civil.DAY - 1, 3 * civil.DAY), ["0", "1", "2"])
        self.assertEqual(names(3 * civil.DAY, 4 * civil.DAY + 1), ["3", "gap"])
        self.assertEqual(names(9 * civil.DAY, 10 * civil.DAY), ["gap"])
        self.assertEqual(names(-9 * civil.DAY, -8 * civil.DAY), ["gap"])
        self.assertEqual(names(5, 5), [])
        self.assertEqual(document.entries[lookup.fallback or 0].name, "events_default")
        self.assertIsNone(PartitionLookup(PartitionMapDocument.parse(daily(4))).fallback)
        self.assertIsNone(vector("composite").between(0, 1))
        self.assertIsNone(vector("hash").between(0, 1))

    def test_every_boundary_of_a_large_map(self) -> None:
        lookup = PartitionLookup(PartitionMapDocument.parse(daily(2000)))
        november = civil.of_date(datetime.date(2026, 11, 1))
        for day in range(2000):
            start = november + day * civil.DAY
            self.assertEqual(lookup.find((start,)), day)
            self.assertEqual(lookup.find((start + civil.DAY - 1,)), day)
        self.assertIsNone(lookup.find((november - 1,)))
        self.assertIsNone(lookup.find((november + 2000 * civil.DAY,)))


class Names(unittest.TestCase):
    def test_reading_and_quoting(self) -> None:
        for text, schema, table, canonical_text in (
            ("events", "public", "events", "events"),
            ("Events", "public", "events", "events"),
            ("app.orders", "app", "orders", "app.orders"),
            ('"My Schema"."T""x"', "My Schema", 'T"x', '"My Schema"."T""x"'),
            ('"user"', "public", "user", '"user"'),
            ("naïve", "public", "naïve", '"naïve"'),
            ('"a.b"', "public", "a.b", '"a.b"'),
        ):
            name = EntityName.parse(text)
            self.assertEqual((name.schema, name.table, str(name)), (schema, table, canonical_text))
            self.assertEqual(EntityName.parse(str(name)), name)
        for text in ("", ".", "a.", ".a", "a.b.c", '"', '"a', '""', "1a", "$a", "a b", "a-b", '"a"b', "a\0", '"a\0"'):
            with self.subTest(text), self.assertRaises(PartitionMapError):
                EntityName.parse(text)

    def test_store_keys(self) -> None:
        self.assertEqual(EVENTS.store_key, "events")
        hostile = EntityName("public", "a{b}/%\n\x7f")
        self.assertEqual(hostile.store_key, '"a%7Bb%7D%2F%25%0A%7F"')
        self.assertEqual(quoted("user"), '"user"')
        self.assertEqual(quoted("a1_"), "a1_")


class Times(unittest.TestCase):
    def test_against_datetime(self) -> None:
        for ordinal in range(1, datetime.date.max.toordinal(), 997):
            day = datetime.date.fromordinal(ordinal)
            microseconds = civil.of_date(day)
            self.assertEqual(civil.date_of(microseconds // civil.DAY), (day.year, day.month, day.day))
            self.assertEqual(civil.date_text(microseconds), day.isoformat())
            read = civil.read(day.isoformat())
            assert read is not None
            self.assertEqual(read.microseconds, microseconds)

    def test_texts(self) -> None:
        for text in ("2026-11-01T06:00:00.5+05:45", "-0044-03-15", "+290000-01-01", "2026-11-01 06:00Z"):
            self.assertIsNotNone(civil.read(text), text)
        for text in ("2026-02-30", "2026-11-01T24:00", "2026-1-1", "2026-11-01T06:00:00.", "2026-11-01T06", "+290001-01-01",
                     "2026-11-01T06:00+16:00", "2026-11-01T06:60", "٢٠٢٦-11-01", "2026-11-01\n"):  # fmt: skip
            self.assertIsNone(civil.read(text), text)
