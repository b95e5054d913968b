// SPDX-License-Identifier: Apache-2.0
// Part of partition-cli. See LICENSE and CONTRIBUTING.md.

import PartitionMap
import Testing

@Suite("A document")
struct DocumentTests {
    @Test("of dates has plain dates and sorted keys")
    func dates() throws {
        let map = try document(dateKey, [entry("events_2026_11", .range(.date(november), .date(december)))])
        #expect(
            map.text == """
                {"key":[{"columns":["event_ts"],"strategy":"range","types":["date"]}],"partitions":[{"end":"2026-12-01",\
                "name":"events_2026_11","schema":"public","start":"2026-11-01","state":"active"}],"table":"events"}
                """
        )
        // sha256sum of the text above.
        #expect(map.checksum == "439c771b7ff8411c3593ecf8e95d353e5e7f7057af4a06eaf381b4afa9cad7a1")
    }

    @Test("of instants has local bounds and exact ones")
    func instants() throws {
        // Paris: midnight on 1 November is 23:00 UTC the day before; 06:00 isn't a midnight.
        let map = try document(
            instantKey,
            [
                entry(
                    "a",
                    .range(
                        .instant(microseconds: november - 3_600_000_000, utcOffset: 3600),
                        .instant(microseconds: november + 18_000_000_001, utcOffset: 3600)
                    )
                )
            ],
            timezone: "Europe/Paris"
        )
        #expect(
            map.text.contains(
                """
                {"end":"2026-11-01T06:00:00.000001+01:00","from":"2026-10-31T23:00:00Z","name":"a","schema":"public",\
                "start":"2026-11-01","state":"active","to":"2026-11-01T05:00:00.000001Z"}
                """
            )
        )
        #expect(map.text.hasSuffix(#""table":"events","timezone":"Europe/Paris"}"#))
    }

    /// One of each kind of key and bound.
    static let samples: [(key: [PartitionMapDocument.Level], entries: [PartitionMapDocument.Entry])] = [
        (dateKey, []),
        (
            dateKey,
            [
                entry("a", .range(.minValue, .date(november))), entry("b", .range(.date(december), .date(.max))),
                entry("c", .range(.date(.max), .maxValue)), entry("d", .default, state: .default),
            ]
        ),
        (
            dateKey,
            [
                // 1 BC and 5 digits; a year below 1000.
                entry("a", .range(.date(-719_528 * microsecondsPerDay), .date(-500_000 * microsecondsPerDay))),
                entry("b", .range(.date(november), .date(10_000_000 * microsecondsPerDay)), state: .draining),
            ]
        ),
        (
            [.init(columns: ["t"], types: ["timestamp without time zone"], strategy: .range)],
            [
                entry("a", .range(.timestamp(.min), .timestamp(-1))),
                entry("b", .range(.timestamp(-1), .timestamp(november + 1_000_000))),
            ]
        ),
        (
            instantKey,
            [
                entry("a", .range(.minValue, .instant(microseconds: .min, utcOffset: 0))),
                entry(
                    "b",
                    .range(
                        .instant(microseconds: .min, utcOffset: 0),
                        .instant(microseconds: november, utcOffset: -16_201)
                    )
                ),
            ]
        ),
        (
            [.init(columns: ["id"], types: ["bigint"], strategy: .range)],
            [entry("a", .range(.minValue, .integer(0))), entry("b", .range(.integer(1), .integer(.max)))]
        ),
        (
            [.init(columns: ["n", "t"], types: ["text", "date"], strategy: .range)],
            [
                entry("a", .range(start: [.text("a"), .minValue], end: [.text("a"), .date(november)])),
                entry("b", .range(start: [.text("a"), .date(november)], end: [.text("a"), .maxValue])),
            ]
        ),
        (
            [.init(columns: ["region"], types: ["text"], strategy: .list)],
            [
                entry("a", .list([.text("eu\n\"\\\u{7}"), .null])), entry("b", .list([.text("\u{E9}")])),
                entry("c", .list([.text("e\u{301}")])), entry("d", .default, state: .default),
            ]
        ),
        (
            [.init(columns: ["a", "b"], types: ["integer", "text"], strategy: .hash)],
            [entry("a", .hash(modulus: 2, remainder: 0)), entry("b", .hash(modulus: 4, remainder: 3))]
        ),
        (
            [.init(columns: ["tenant"], types: ["integer"], strategy: .list)] + dateKey,
            [
                .init(
                    schema: "app",
                    name: "a",
                    state: .active,
                    path: [.list([.integer(1)]), .range(.date(november), .date(december))]
                ),
                .init(schema: "app", name: "b", state: .default, path: [.list([.integer(1)]), .default]),
                .init(
                    schema: "app",
                    name: "c",
                    state: .active,
                    path: [.list([.integer(2)]), .range(.date(november), .date(december))]
                ),
            ]
        ),
    ]

    @Test("is read back as it was written, whatever the kind of key", arguments: samples.indices)
    func roundTrip(index: Int) throws {
        let (key, entries) = Self.samples[index]
        let written = try document(key, entries, timezone: "UTC")
        let read = try PartitionMapDocument(parsing: written.canonicalBytes)
        #expect(read == written)
        #expect(read.entries == written.entries)
        #expect(read.key == written.key)
        #expect(read.checksum == written.checksum)
        #expect(read.timezone == "UTC")
    }

    @Test("keeps the promise of what stays")
    func promise() throws {
        let written = try PartitionMapDocument(
            table: EntityName(schema: "app", table: "T"),
            key: instantKey,
            keep: .init(from: .instant(microseconds: november, utcOffset: 3600), until: december),
            entries: []
        )
        #expect(written.text.contains(#""keepFrom":"2026-11-01T00:00:00Z","keepUntil":"2026-12-01T00:00:00Z""#))
        let read = try PartitionMapDocument(parsing: written.canonicalBytes)
        #expect(read.keep == .init(from: .instant(microseconds: november, utcOffset: 0), until: december))
        #expect(read.table == EntityName(schema: "app", table: "T"))
    }

    @Test("passes over members of a later version")
    func unknownMembers() throws {
        let text = try document(dateKey, []).text
        let newer = text.replacing(#"],"table""#, with: #"],"shape":{"a":[true]},"table""#)
        #expect(newer != text)
        #expect(try PartitionMapDocument(parsing: Array(newer.utf8)).canonicalBytes == Array(newer.utf8))
    }

    @Test("holds ten thousand partitions")
    func many() throws {
        let entries = (0..<10_000).map { index in
            let start = Int64(index) * microsecondsPerDay
            return entry("events_\(index)", .range(.date(start), .date(start + microsecondsPerDay)))
        }
        let written = try document(dateKey, entries)
        #expect(try PartitionMapDocument(parsing: written.canonicalBytes).entries.count == 10_000)
        #expect(written.patternMembers.count == 10_000)
    }
}

@Suite("A document with broken rules")
struct DocumentRuleTests {
    typealias Entries = [PartitionMapDocument.Entry]

    static let dateCases: [Entries] = [
        [entry("a", .range(.date(december), .date(november)))],
        [entry("a", .range(.date(november), .date(november)))],
        [entry("a", .range(.date(november), .date(december))), entry("b", .range(.date(november), .date(december)))],
        [entry("a", .range(.date(november), .date(december))), entry("b", .range(.minValue, .date(november)))],
        [entry("a", .range(.minValue, .date(december))), entry("b", .range(.date(november), .maxValue))],
        [entry("a", .range(.date(november), .date(december))), entry("a", .range(.date(december), .maxValue))],
        [entry("a", .default, state: .default), entry("b", .range(.date(november), .date(december)))],
        [entry("a", .default, state: .default), entry("b", .default, state: .default)],
        [entry("a", .default)],
        [entry("a", .range(.date(november), .date(december)), state: .default)],
        [entry("a", .range(.maxValue, .maxValue))],
        [entry("a", .range(.date(november + 1), .date(december)))],
        [entry("a", .range(.integer(1), .integer(2)))],
        [entry("a", .list([.text("x")]))],
        [entry("", .range(.date(november), .date(december)))],
        [.init(schema: "public", name: "a", state: .active, path: [])],
    ]

    @Test("is never made", arguments: dateCases.indices)
    func dates(index: Int) {
        #expect(throws: PartitionMapError.self) { try document(dateKey, Self.dateCases[index]) }
    }

    @Test("isn't made of overlapping lists, hashes or composites either")
    func others() {
        let list = [PartitionMapDocument.Level(columns: ["r"], types: ["text"], strategy: .list)]
        let hash = [PartitionMapDocument.Level(columns: ["r"], types: ["text"], strategy: .hash)]
        #expect(throws: PartitionMapError.self) {
            try document(list, [entry("a", .list([.text("x")])), entry("b", .list([.text("y"), .text("x")]))])
        }
        #expect(throws: PartitionMapError.self) { try document(list, [entry("a", .list([]))]) }
        #expect(throws: PartitionMapError.self) {
            try document(
                hash,
                [entry("a", .hash(modulus: 2, remainder: 1)), entry("b", .hash(modulus: 4, remainder: 3))]
            )
        }
        #expect(throws: PartitionMapError.self) {
            try document(
                hash,
                [entry("a", .hash(modulus: 2, remainder: 0)), entry("b", .hash(modulus: 3, remainder: 1))]
            )
        }
        #expect(throws: PartitionMapError.self) { try document(hash, [entry("a", .hash(modulus: 2, remainder: 2))]) }
        #expect(throws: PartitionMapError.self) { try document(hash, [entry("a", .default, state: .default)]) }
        let range = PartitionMapDocument.Bound.range(.date(november), .date(december))
        let path = [PartitionMapDocument.Bound.list([.text("x")]), range]
        #expect(throws: PartitionMapError.self) {
            try document(
                list + dateKey,
                [
                    .init(schema: "s", name: "a", state: .active, path: path),
                    .init(schema: "s", name: "b", state: .active, path: path),
                ]
            )
        }
        #expect(throws: PartitionMapError.self) {
            // Siblings that don't stand together.
            try document(
                dateKey + list,
                [
                    .init(schema: "s", name: "a", state: .active, path: [range, .list([.text("x")])]),
                    .init(
                        schema: "s",
                        name: "b",
                        state: .active,
                        path: [.range(.date(december), .maxValue), .list([.text("x")])]
                    ),
                    .init(schema: "s", name: "c", state: .active, path: [range, .list([.text("y")])]),
                ]
            )
        }
        #expect(throws: PartitionMapError.self) { try document([], []) }
    }
}
