// SPDX-License-Identifier: Apache-2.0
// Part of partition-cli. See LICENSE and CONTRIBUTING.md.

import Partitioning
import PolicyFile
import Testing

@Suite("Values of a policy")
struct ValueTests {
    @Test(
        "a duration is a number and a unit",
        arguments: [
            ("60d", 60, PolicyDuration.Unit.day), ("14 days", 14, .day), ("1 day", 1, .day), ("36h", 36, .hour),
            ("1 hour", 1, .hour), ("2 hours", 2, .hour), ("90min", 90, .minute), ("1 minute", 1, .minute),
            ("5 minutes", 5, .minute), ("2w", 2, .week), ("1 week", 1, .week), ("2weeks", 2, .week),
            ("13 months", 13, .month), ("1 month", 1, .month), ("1y", 1, .year), ("1 year", 1, .year),
            ("999999 years", 999_999, .year),
        ]
    )
    func durations(text: String, count: Int, unit: PolicyDuration.Unit) throws {
        let duration = try PolicyDuration(parsing: text)
        #expect(duration == PolicyDuration(count, unit))
        #expect(try PolicyDuration(parsing: duration.description) == duration)
    }

    @Test("a duration as a buffer is never shorter than what was said, to the minute and in days")
    func buffers() {
        let cases: [(PolicyDuration?, Int)] = [
            (PolicyDuration(60, .day), 60), (PolicyDuration(25, .hour), 2), (PolicyDuration(24, .hour), 1),
            (PolicyDuration(1, .minute), 1), (PolicyDuration(1441, .minute), 2), (PolicyDuration(2, .week), 14),
            (PolicyDuration(2, .month), 62), (PolicyDuration(1, .year), 366),
        ]
        for (duration, days) in cases { #expect(duration?.buffer.wholeDays == days) }
        #expect(PolicyDuration(90, .minute)?.buffer.minutes == 90 && PolicyDuration(5, .hour)?.buffer.minutes == 300)
        #expect(PolicyDuration(1, .month)?.buffer == Buffer(days: 31))
    }

    @Test("durations of different units can be compared")
    func comparison() throws {
        let ascending = [
            "1min", "2min", "1h", "1d", "6d", "1 week", "30d", "1 month", "31d", "12 months", "366d", "2 years",
        ]
        let seconds = try ascending.map { try PolicyDuration(parsing: $0).approximateSeconds }
        #expect(zip(seconds, seconds.dropFirst()).allSatisfy { $0 < $1 })
    }

    @Test(
        "a size is a number and a unit",
        arguments: [
            ("1 B", Int64(1), "1 B"), ("2 TiB", 2_199_023_255_552, "2 TiB"), ("2TiB", 2_199_023_255_552, "2 TiB"),
            ("500 GB", 500_000_000_000, "500 GB"), ("1.5 TiB", 1_649_267_441_664, "1536 GiB"), ("1 KiB", 1024, "1 KiB"),
            ("1 kB", 1000, "1 kB"), ("1.001 MB", 1_001_000, "1001 kB"), ("3 MiB", 3_145_728, "3 MiB"),
            ("4 GiB", 4_294_967_296, "4 GiB"), ("1 PiB", 1_125_899_906_842_624, "1 PiB"),
            ("7 TB", 7_000_000_000_000, "7 TB"),
            ("8 PB", 8_000_000_000_000_000, "8 PB"), ("9223372036854775807 B", .max, "9223372036854775807 B"),
        ]
    )
    func sizes(text: String, bytes: Int64, written: String) throws {
        let size = try ByteSize(parsing: text)
        #expect(size.bytes == bytes)
        #expect(size.description == written)
        #expect(try ByteSize(parsing: written) == size)
    }

    @Test("values outside their range can't be made")
    func ranges() {
        #expect(PolicyDuration(0, .day) == nil)
        #expect(PolicyDuration(1_000_000, .day) == nil)
        #expect(ByteSize(bytes: 0) == nil)
        #expect(Percentage(0) == nil)
        #expect(Percentage(101) == nil)
        #expect(DailyWindow(start: 60, end: 60) == nil)
        #expect(DailyWindow(start: 0, end: 1440) == nil)
        #expect(DailyWindow(start: -1, end: 1) == nil)
    }

    @Test("a window may lie over midnight")
    func windows() {
        #expect(DailyWindow(start: 1320, end: 240)?.description == "22:00-04:00")
        #expect(DailyWindow(start: 0, end: 1439)?.description == "00:00-23:59")
    }

    @Test(
        "a table's name is read as PostgreSQL does",
        arguments: [
            ("public.events", "public", "events"), ("Public.EVENTS", "public", "events"), ("a.\"B c\"", "a", "B c"),
            ("\"A\".\"b\"\"c\"", "A", "b\"c"), ("\"a.b\".c", "a.b", "c"), ("a.b$1", "a", "b$1"), ("_a._b", "_a", "_b"),
            ("Ä.öÖ", "Ä", "öÖ"),
        ]
    )
    func tableNames(text: String, schema: String, name: String) throws {
        let table = try RelationName(policyKey: text)
        #expect(table == RelationName(schema: schema, name: name))
        #expect(try RelationName(policyKey: table.description) == table)
    }

    @Test("two tables whose names Unicode calls equivalent are two tables")
    func equivalence() throws {
        let text =
            "tables:\n  a.\u{E9}: { by: { range: t, every: day } }\n  a.e\u{301}: { by: { range: t, every: day } }\n"
        #expect(try read(text).document.tables.count == 2)
    }

    @Test("every unit of a period is read in the singular and in the plural", arguments: Period.Unit.allCases)
    func periods(unit: Period.Unit) throws {
        #expect(try Period(policyText: unit.rawValue) == Period(count: 1, unit: unit))
        #expect(try Period(policyText: "3 \(unit.rawValue)s") == Period(count: 3, unit: unit))
    }

    @Test(
        "what PostgreSQL prints for intervals isn't a period of a policy",
        arguments: ["01:30:00", "1 mon", "month ", "Month"]
    )
    func notPeriods(text: String) {
        #expect(throws: PolicyValueError.self) { try Period(policyText: text) }
    }
}
