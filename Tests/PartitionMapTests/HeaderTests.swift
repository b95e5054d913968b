// SPDX-License-Identifier: Apache-2.0
// Part of partition-cli. See LICENSE and CONTRIBUTING.md.

import PartitionMap
import Testing

@Suite("A header")
struct HeaderTests {
    func origin(_ lsn: UInt64 = 10, timeline: Int64 = 2, cluster: String = "7", database: String = "app") -> MapOrigin {
        MapOrigin(systemIdentifier: cluster, database: database, timeline: timeline, lsn: .init(rawValue: lsn))
    }

    @Test("belongs to its document only")
    func pairing() throws {
        let one = try document(dateKey, [])
        let other = try document(instantKey, [])
        let map = try PublishedMap(document: one, version: 5, origin: origin())
        #expect(try PublishedMap(header: map.header, document: one) == map)
        #expect { try PublishedMap(header: map.header, document: other) } throws: {
            ($0 as? PartitionMapError)?.code == .mismatch
        }
    }

    @Test("is read back from its fields, and refused when one is missing or odd")
    func fields() throws {
        let map = try PublishedMap(document: document(dateKey, []), version: 5, origin: origin(0x16_B374_D848))
        let fields = Dictionary(uniqueKeysWithValues: map.header.fields.map { ($0.name, $0.text) })
        #expect(fields["lsn"] == "16/B374D848")
        #expect(try PartitionMapHeader(fields: fields) == map.header)
        for name in fields.keys {
            for odd in [nil, "", "-1", "+5", "05", "x", "9223372036854775808", "9007199254740992x"] {
                // A database may be called anything that isn't empty.
                if name == "database", odd?.isEmpty == false { continue }
                var changed = fields
                changed[name] = odd
                if name == "systemIdentifier", odd == "05" || odd == "9223372036854775808" { continue }
                #expect(throws: PartitionMapError.self, "\(name)=\(odd ?? "nil")") {
                    try PartitionMapHeader(fields: changed)
                }
            }
        }
    }

    @Test("gets a version above the stored one and the clock, below 2^53")
    func versions() throws {
        #expect(try PartitionMapHeader.version(after: nil, clock: 100) == 100)
        #expect(try PartitionMapHeader.version(after: 100, clock: 100) == 101)
        #expect(try PartitionMapHeader.version(after: 200, clock: 100) == 201)
        #expect(try PartitionMapHeader.version(after: nil, clock: -5) == 1)
        let limit = PartitionMapHeader.versionLimit
        #expect(try PartitionMapHeader.version(after: limit - 2, clock: 0) == limit - 1)
        for stored in [limit - 1, limit, .max] {
            #expect(throws: PartitionMapError.self) { try PartitionMapHeader.version(after: stored, clock: 0) }
        }
        #expect(throws: PartitionMapError.self) { try PartitionMapHeader.version(after: nil, clock: .max) }
    }

    @Test("of a clone, a restore or another database doesn't replace the original's")
    func refusals() throws {
        let map = try document(dateKey, [])
        let current = try PublishedMap(document: map, version: 5, origin: origin()).header
        func refusal(_ origin: MapOrigin) throws -> TakeOverReason? {
            try PublishedMap(document: map, version: 6, origin: origin).header.refusal(replacing: current)
        }
        #expect(try refusal(origin()) == nil)
        #expect(try refusal(origin(11, timeline: 3)) == nil)
        #expect(try refusal(origin(cluster: "8")) == .otherCluster)
        #expect(try refusal(origin(database: "staging")) == .otherDatabase)
        #expect(try refusal(origin(11, timeline: 1)) == .olderTimeline)
        #expect(try refusal(origin(9)) == .olderLSN)
        // What may be replaced may stand, too, unless it is of an earlier timeline.
        #expect(origin().isCurrentOrigin(of: current))
        #expect(origin(11).isCurrentOrigin(of: current))
        let others = [
            origin(cluster: "8"), origin(database: "staging"), origin(11, timeline: 1), origin(11, timeline: 3),
            origin(9),
        ]
        for other in others { #expect(!other.isCurrentOrigin(of: current), "\(other)") }
    }

    @Test(
        "has a log position in PostgreSQL's form",
        arguments: ["", "/", "1", "1/", "/1", "1/2/3", "g/0", "+1/0", "100000000/0"]
    )
    func lsn(text: String) throws {
        #expect(throws: PartitionMapError.self) { try LogSequenceNumber(parsing: text) }
        #expect(try LogSequenceNumber(parsing: "ffffffff/0").description == "FFFFFFFF/0")
        #expect(try LogSequenceNumber(parsing: "0/A") < LogSequenceNumber(parsing: "1/0"))
    }
}
