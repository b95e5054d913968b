// SPDX-License-Identifier: Apache-2.0
// Part of partition-cli. See LICENSE and CONTRIBUTING.md.

import PartitionMap
import Testing

@Suite("Maps on their way between stores")
struct ExchangeTests {
    private func map() throws -> PublishedMap {
        try RetireFixture.map(.draining, version: 7, keptUntil: RetireFixture.noon)
    }

    @Test("a line has document and header byte for byte, and is read as what it was")
    func roundTrip() throws {
        let map = try map()
        let line = map.exchangeLine
        #expect(!line.contains(UInt8(ascii: "\n")))
        #expect(String(decoding: line, as: UTF8.self).contains(map.document.text))
        #expect(try PublishedMap(exchangeLine: line) == map)
    }

    @Test("what isn't such a line is refused, whatever it is")
    func hostile() throws {
        let line = String(decoding: try map().exchangeLine, as: UTF8.self)
        for damaged in [
            "", "{}", "[]", "null", line + " ", " " + line, String(line.dropLast()), line + line,
            line.replacing("\"version\":\"7\"", with: "\"version\":7"),
            line.replacing("\"version\":\"7\"", with: "\"version\":\"07\""),
            line.replacing("\"version\":\"7\"", with: "\"version\":\"9007199254740992\""),
            line.replacing("\"lsn\":\"0/64\"", with: "\"lsn\":\"x\""),
            line.replacing("events_2026_12", with: "events_2026_13"),
            line.replacing("\"document\"", with: "\"Document\""),
        ] {
            #expect(damaged != line)
            #expect(throws: PartitionMapError.self, "\(damaged)") {
                try PublishedMap(exchangeLine: Array(damaged.utf8))
            }
        }
    }

    @Test("a difference names what was added, changed and removed, and members of the document")
    func difference() throws {
        let before = try RetireFixture.map(.active).document
        let after = try RetireFixture.map(.draining, keptUntil: RetireFixture.noon).document
        let changed = MapDifference(from: before, to: after)
        #expect(changed.changes.map(\.partition.table) == ["events_2026_11"])
        #expect(changed.changes.first?.before == "[2026-11-01, 2026-12-01)")
        #expect(changed.changes.first?.after == "draining [2026-11-01, 2026-12-01)")
        #expect(changed.members == ["keepFrom"])
        let removed = MapDifference(from: before, to: try RetireFixture.map(nil).document)
        #expect(removed.changes.count == 1 && removed.changes.first?.after == nil && removed.members.isEmpty)
        let added = MapDifference(from: nil, to: before)
        #expect(added.changes.map(\.before) == [nil, nil] && added.members.isEmpty)
        let same = MapDifference(from: before, to: before)
        #expect(same.changes.isEmpty && same.members.isEmpty)
    }
}
