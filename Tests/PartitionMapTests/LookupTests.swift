// SPDX-License-Identifier: Apache-2.0
// Part of partition-cli. See LICENSE and CONTRIBUTING.md.

import PartitionMap
import SeededRandom
import Testing

@Suite("A lookup")
struct LookupTests {
    typealias Resolution = PartitionLookup.Resolution

    @Test("finds the partition at, after and before each bound")
    func bounds() throws {
        let first = entry("a", .range(.date(november), .date(december)))
        let second = entry("b", .range(.date(december + microsecondsPerDay), .maxValue), state: .draining)
        let lookup = PartitionLookup(try document(dateKey, [first, second]))
        #expect(lookup.resolve(coordinate: november - 1) == .miss)
        #expect(lookup.resolve(coordinate: november) == .active(first))
        #expect(lookup.resolve(coordinate: december - 1) == .active(first))
        #expect(lookup.resolve(coordinate: december) == .miss)
        #expect(lookup.resolve(coordinate: .max) == .draining(second))
        #expect(try lookup.resolve(["2026-11-30"]) == .active(first))
        #expect(try lookup.resolve(["2026-12-01"]) == .miss)
        #expect(try lookup.resolve(["infinity"]) == .draining(second))
    }

    @Test("says when only the default partition holds the key")
    func fallback() throws {
        let other = entry("d", .default, state: .default)
        let lookup = PartitionLookup(
            try document(dateKey, [entry("a", .range(.date(november), .date(december))), other])
        )
        #expect(lookup.resolve(coordinate: december) == .default(other))
    }

    @Test("reads instants with any offset, and a plain date as local midnight")
    func instants() throws {
        // Havana leaves summer time on 2026-11-01 at 01:00: 00:00 to 01:00 comes twice.
        let early = entry(
            "early",
            .range(
                .instant(microseconds: november, utcOffset: -14_400),
                .instant(microseconds: november + 5 * 3_600_000_000, utcOffset: -18_000)
            )
        )
        let late = entry(
            "late",
            .range(
                .instant(microseconds: november + 5 * 3_600_000_000, utcOffset: -18_000),
                .instant(microseconds: december, utcOffset: -18_000)
            )
        )
        let lookup = PartitionLookup(try document(instantKey, [early, late], timezone: "America/Havana"))
        #expect(try lookup.resolve(["2026-11-01T04:59:59.999999Z"]) == .active(early))
        #expect(try lookup.resolve(["2026-11-01 05:00+00"]) == .active(late))
        #expect(try lookup.resolve(["2026-11-01T06:00:00+01:00"]) == .active(late))
        #expect(try lookup.resolve(["2026-11-01"]) == .active(late))
        #expect(throws: PartitionMapError.self) { try lookup.resolve(["2026-11-01T05:00:00"]) }
        #expect(throws: PartitionMapError.self) { try lookup.resolve(["tomorrow"]) }
        #expect(throws: PartitionMapError.self) { try lookup.resolve([]) }
    }

    @Test("goes down a composite key, and says what only the server can place")
    func composite() throws {
        let key = [PartitionMapDocument.Level(columns: ["tenant"], types: ["integer"], strategy: .list)] + dateKey
        func leaf(_ name: String, _ tenant: Int64, _ bound: PartitionMapDocument.Bound) -> PartitionMapDocument.Entry {
            .init(
                schema: "public",
                name: name,
                state: bound == .default ? .default : .active,
                path: [.list([.integer(tenant)]), bound]
            )
        }
        let one = leaf("one", 1, .range(.date(november), .date(december)))
        let two = leaf("two", 2, .range(.date(november), .date(december)))
        let rest = leaf("rest", 2, .default)
        let lookup = PartitionLookup(try document(key, [one, two, rest]))
        #expect(try lookup.resolve(["1", "2026-11-05"]) == .active(one))
        #expect(try lookup.resolve(["2", "2026-11-05"]) == .active(two))
        #expect(try lookup.resolve(["2", "2027-11-05"]) == .default(rest))
        #expect(try lookup.resolve(["1", "2027-11-05"]) == .miss)
        #expect(try lookup.resolve(["3", "2026-11-05"]) == .miss)
        #expect(lookup.resolve(coordinate: november) == .miss)
        let hash = [PartitionMapDocument.Level(columns: ["id"], types: ["bigint"], strategy: .hash)]
        let opaque = PartitionLookup(try document(hash, [entry("h", .hash(modulus: 1, remainder: 0))]))
        #expect { try opaque.resolve(["5"]) } throws: { ($0 as? PartitionMapError)?.code == .invalid }
    }

    @Test("of a plain date agrees with a plain search over local times that repeat, are skipped and have gaps")
    func localTimes() throws {
        // Zones with steps of up to a day in both directions, partitions of hours and days.
        var random = SeededGenerator(seed: 7)
        for _ in 0..<40 {
            var entries: [PartitionMapDocument.Entry] = []
            var locals: [(first: Int64, end: Int64)] = []
            var position = november - Int64.random(in: 0..<microsecondsPerDay, using: &random)
            var offset = 3_600 * Int64.random(in: -12...12, using: &random)
            for number in 0..<60 {
                let start = position
                let startOffset = offset
                position += 3_600_000_000 * Int64.random(in: 1...40, using: &random)
                if Int.random(in: 0..<6, using: &random) == 0 {
                    offset = 3_600 * Int64.random(in: -12...12, using: &random)
                }
                if Int.random(in: 0..<8, using: &random) > 0 {
                    entries.append(
                        entry(
                            "p\(number)",
                            .range(
                                .instant(microseconds: start, utcOffset: Int(startOffset)),
                                .instant(microseconds: position, utcOffset: Int(offset))
                            )
                        )
                    )
                    locals.append((start + startOffset * 1_000_000, position + offset * 1_000_000))
                }
            }
            let lookup = PartitionLookup(try document(instantKey, entries, timezone: "Europe/Berlin"))
            for day in 1...28 {
                let midnight = november + Int64(day - 1) * microsecondsPerDay
                let found = locals.lastIndex { $0.first <= midnight && midnight < $0.end }
                let expected = found.map { Resolution.active(entries[$0]) } ?? .miss
                #expect(try lookup.resolve([.text("2026-11-\(day < 10 ? "0" : "")\(day)")]) == expected)
            }
        }
    }

    @Test("agrees with a plain search over irregular ranges with gaps")
    func plainSearch() throws {
        let key = [PartitionMapDocument.Level(columns: ["id"], types: ["bigint"], strategy: .range)]
        var bounds: [(Int64, Int64)] = []
        var position: Int64 = -5000
        for index in 0..<300 {
            let start = position + Int64(index % 3)
            position = start + Int64(1 + index * 7 % 11)
            bounds.append((start, position))
        }
        let entries = bounds.enumerated().map {
            entry("p\($0.offset)", .range(.integer($0.element.0), .integer($0.element.1)))
        }
        let lookup = PartitionLookup(try document(key, entries))
        for value in -5010...(position + 10) {
            let expected = bounds.firstIndex { $0.0 <= value && value < $0.1 }.map { Resolution.active(entries[$0]) }
            #expect(lookup.resolve(coordinate: value) == expected ?? .miss)
        }
    }
}
