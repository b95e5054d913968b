// SPDX-License-Identifier: Apache-2.0
// Part of partition-cli. See LICENSE and CONTRIBUTING.md.

import Foundation
import Partitioning
import Testing

@Suite("Instants and local times")
struct InstantTests {
    @Test(
        "are written in ISO 8601",
        arguments: [
            (0 as Int64, "1970-01-01T00:00:00Z"), (1, "1970-01-01T00:00:00.000001Z"),
            (-1, "1969-12-31T23:59:59.999999Z"),
            (1_793_491_200_500_000, "2026-11-01T00:00:00.5Z"), (Int64.max, "+294247-01-10T04:00:54.775807Z"),
            (-62_167_219_200_000_000, "0000-01-01T00:00:00Z"), (-63_549_360_000_000_000, "-0044-03-15T00:00:00Z"),
        ]
    )
    func description(microseconds: Int64, text: String) {
        #expect(Instant(microseconds: microseconds).description == text)
        #expect(Instant(parsing: text)?.microseconds == microseconds)
    }

    @Test(
        "are read with any offset",
        arguments: [
            "2026-11-01 05:30:00+05:30", "2026-10-31T19:00:00-05", "2026-11-01 05:30:15+05:30:15",
            "2026-11-01T00:00:00Z",
        ]
    )
    func offsets(_ text: String) throws {
        #expect(try instant(text) == instant("2026-11-01T00:00:00Z"))
    }

    @Test(
        "are not read from text that lacks something or has too much",
        arguments: [
            "", "2026-11-01", "2026-11-01T00:00:00", "2026-11-01T24:00:00Z", "2026-11-01T00:60:00Z",
            "2026-11-01T00:00:60Z",
            "2026-11-01T00:00:00Z ", "2026-11-01T00:00:00.Z", "2026-11-01T00:00:00.1234567Z", "2026-11-01T00:00:00+16",
            "2026-02-29T00:00:00Z", "+294247-01-10T04:00:55Z", "999999999-01-01T00:00:00Z", "-2026-01-01T00:00:00Z BC",
            "2026-11-01T00:00:00+00:00:", "２０２６-11-01T00:00:00Z",
        ]
    )
    func malformed(_ text: String) {
        #expect(Instant(parsing: text) == nil)
    }

    @Test("survive JSON as text")
    func codable() throws {
        let value = try instant("2026-11-01T00:00:00.25Z")
        let data = try JSONEncoder().encode([value])
        #expect(String(decoding: data, as: UTF8.self) == #"["2026-11-01T00:00:00.25Z"]"#)
        #expect(try JSONDecoder().decode([Instant].self, from: data) == [value])
        #expect(throws: DecodingError.self) { try JSONDecoder().decode([Instant].self, from: Data(#"["now"]"#.utf8)) }
    }

    @Test("local times have the parts they are made of")
    func parts() throws {
        let date = try #require(CivilDate(year: 1969, month: 12, day: 31))
        let time = try #require(CivilDateTime(date: date, hour: 23, minute: 59, second: 58, microsecond: 7))
        #expect(time.microseconds == -1_999_993)
        #expect(time.date == date)
        #expect(time.hour == 23 && time.minute == 59 && time.second == 58 && time.microsecond == 7)
        #expect(!time.isMidnight && CivilDateTime(midnightOf: date).isMidnight)
        #expect(time.description == "1969-12-31 23:59:58.000007")
        #expect(CivilDateTime(parsing: time.description) == time)
        #expect(CivilDateTime(date: date, hour: 24) == nil)
        #expect(CivilDateTime(date: date, minute: 60) == nil)
        #expect(CivilDateTime(date: date, second: -1) == nil)
        #expect(CivilDateTime(date: CivilDate(daysSinceEpoch: .max), hour: 23) == nil)
    }

    @Test("local times at the ends of the range can still be taken apart", arguments: [Int64.min, Int64.max])
    func extremes(_ microseconds: Int64) {
        let time = CivilDateTime(microseconds: microseconds)
        #expect((0..<86_400_000_000).contains(time.microsecondOfDay))
        #expect(!time.description.isEmpty)
        #expect(!Instant(microseconds: microseconds).description.isEmpty)
    }
}
