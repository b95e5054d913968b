// SPDX-License-Identifier: Apache-2.0
// Part of partition-cli. See LICENSE and CONTRIBUTING.md.

import PartitionMap
import Testing

@Suite("The pattern's sorted set")
struct PatternMemberTests {
    @Test("has name, start and end first, and a score that begins with the start's date")
    func layout() throws {
        let half = november + 12 * 3_600_000_000
        let members = try document(
            instantKey,
            [
                entry(
                    "a",
                    .range(.instant(microseconds: november, utcOffset: 0), .instant(microseconds: half, utcOffset: 0))
                ),
                entry(
                    "b",
                    .range(.instant(microseconds: half, utcOffset: 0), .instant(microseconds: december, utcOffset: 0))
                ),
            ]
        ).patternMembers
        #expect(
            String(decoding: members[0].json, as: UTF8.self) == """
                {"name":"a","start":"2026-11-01","end":"2026-11-01T12:00:00+00:00","schema":"public",\
                "from":"2026-11-01T00:00:00Z","to":"2026-11-01T12:00:00Z"}
                """
        )
        #expect(members.map(\.score) == [20_261_101, 20_261_101.5])
        #expect(members.map(\.name) == ["a", "b"])
    }

    @Test("leaves out what the pattern's clients can't read")
    func omissions() throws {
        let entries = [
            entry("a", .range(.minValue, .date(november))),
            entry("b", .range(.date(november), .date(december)), state: .draining),
            entry("c", .range(.date(december), .date(.max))),
            entry("d", .range(.date(.max), .maxValue)), entry("e", .default, state: .default),
        ]
        #expect(try document(dateKey, entries).patternMembers.isEmpty)
    }
}
