// SPDX-License-Identifier: Apache-2.0
// Part of partition-cli. See LICENSE and CONTRIBUTING.md.

import Partitioning
import Testing

@Suite("Names of new partitions")
struct PartitionNamingTests {
    private static let november = "events_2026_11 [2026-11-01, 2026-12-01)"

    private static func named(_ name: String) -> RelationName { RelationName(schema: "public", name: name) }

    private static func plan(
        _ tables: [PartitionedTable],
        occupants: [NameOccupant] = [],
        buffer: Int = 60
    ) throws -> Plan {
        let known = Dictionary(occupants.map { ($0.name, $0) }) { first, _ in first }
        let snapshot = try CatalogSnapshot.of(tables, at: "2026-11-22 12:00")
        return Planner(snapshot: snapshot, settings: .buffer(buffer), occupants: known).plan()
    }

    @Test("an empty table of the wanted name and the right definition is adopted, and nothing is said")
    func adoption() throws {
        let occupant = NameOccupant(name: Self.named("events_2026_12"), oid: 7, adoptable: .yes)
        let plan = try Self.plan([.events([Self.november])], occupants: [occupant])
        #expect(plan.steps.compactMap(\.creation?.name.name) == ["events_2026_12", "events_2027_01"])
        #expect(plan.steps.compactMap(\.creation).map(\.adoptedOID) == [7, nil])
        #expect(!plan.findings.contains { $0.code == .nameOccupied })
    }

    @Test("a stranger of the wanted name makes the partition take another, and is reported with the reason")
    func stranger() throws {
        let occupants = [
            NameOccupant(name: Self.named("events_2026_12"), oid: 7, adoptable: .no("it has other columns")),
            NameOccupant(name: Self.named("events_2026_12_alt1"), oid: 7, adoptable: .no("it is a view")),
        ]
        let plan = try Self.plan([.events([Self.november])], occupants: occupants)
        #expect(plan.steps.compactMap(\.creation?.name.name) == ["events_2026_12_alt2", "events_2027_01"])
        let findings = plan.findings.filter { $0.code == .nameOccupied }
        #expect(findings.map(\.object) == ["public.events_2026_12", "public.events_2026_12_alt1"])
        #expect(findings.map(\.severity) == [.warning, .warning])
        #expect(findings.first?.message.hasSuffix(": it has other columns") == true)
    }

    @Test("the name that a stranger forced on our partitions is no pattern for those that come after")
    func alternatives() throws {
        let table = try PartitionedTable.events([
            "events_2026_11_alt1 [2026-11-01, 2026-12-01)", "events_2026_12_alt12 [2026-12-01, 2027-01-01)",
        ])
        #expect(try planned(table.marked()).creations.map(\.name.name) == ["events_2027_01"])
        // Somebody's own names are his own matter.
        #expect(try planned(table, buffer: 30).policy?.names.description != "{table}_{yyyy}_{mm}")
    }

    @Test("that follow from no existing one are said to be of another style, with the zone that may be the reason")
    func anotherStyle() throws {
        let hours = (4...7).map { "hp_202611220\($0) [2026-11-22 0\($0 - 1):00, 2026-11-22 0\($0):00)" }
        let plan = try planned(.events(hours, named: "hp"), at: "2026-11-22 06:30", buffer: 1)
        let finding = try #require(plan.findings(.nameStyle).first, "\(plan.findings)")
        #expect(finding.severity == .note)
        #expect(finding.message.contains("public.hp_2026112207") && finding.message.contains("in UTC"))
        #expect(finding.remedy?.contains("--timezone") == true)
        let right = (4...7).map { "hp_202611220\($0) [2026-11-22 0\($0):00, 2026-11-22 0\($0 + 1):00)" }
        #expect(try planned(.events(right, named: "hp"), at: "2026-11-22 06:30", buffer: 1).findings(.nameStyle) == [])
    }

    @Test("a stranger in another schema is in nobody's way")
    func otherSchema() throws {
        let name = RelationName(schema: "archive", name: "events_2026_12")
        let occupant = NameOccupant(name: name, oid: 7, adoptable: .no("it has other columns"))
        let plan = try Self.plan([.events([Self.november])], occupants: [occupant])
        #expect(plan.steps.first?.creation?.name.name == "events_2026_12")
    }

    @Test("the table's own partition of the wanted name, but another range, is no reason to skip the range")
    func ownNameOtherRange() throws {
        let table = try PartitionedTable.events([
            "events_2026_09 [2026-09-01, 2026-10-01)", "events_2026_12 [2026-10-01, 2026-11-01)", Self.november,
        ])
        #expect(
            try planned(table).made == [
                "events_2026_12_alt1 [2026-12-01, 2027-01-01)", "events_2027_01 [2027-01-01, 2027-02-01)",
            ]
        )
    }

    @Test("a partition that lies in another schema doesn't take the name in the parent's")
    func partitionElsewhere() throws {
        let table = try PartitionedTable.events([Self.november]).changing { table in
            table.partitions.append(
                try Partition("events_2026_12 [2026-10-01, 2026-11-01)", oid: 5000, schema: "archive")
            )
        }
        #expect(try planned(table).made.first == "events_2026_12 [2026-12-01, 2027-01-01)")
    }

    @Test("two tables that share their first 63 bytes get different names, which end in the date and fit")
    func sharedPrefix() throws {
        let prefix = String(repeating: "é", count: 31)
        let tables = try [1, 2].map { number in
            try PartitionedTable.events(
                ["p [2026-11-01, 2026-12-01)"],
                named: prefix + "\(number)",
                oid: UInt32(number) * 1000
            )
        }
        let names = try Self.plan(tables).steps.compactMap(\.creation?.name)
        #expect(names.count == 4)
        #expect(Set(names).count == 4)
        for name in names {
            #expect(IdentifierName.fits(name.name), "\(name)")
            #expect(name.name.hasSuffix("_2026_12") || name.name.hasSuffix("_2027_01"), "\(name)")
        }
    }

    @Test("two tables whose partitions follow the same pattern don't plan the same name")
    func samePattern() throws {
        let tables = try [
            PartitionedTable.events(["part_2026_11 [2026-11-01, 2026-12-01)"], named: "a", oid: 1000),
            PartitionedTable.events(["part_2026_10 [2026-10-01, 2026-11-01)"], named: "b", oid: 2000),
        ]
        let plan = try Self.plan(tables)
        #expect(plan.tables.map(\.table.name) == ["b", "a"])
        #expect(
            plan.tables.map { $0.creations.map(\.name.name) } == [
                ["part_2026_11", "part_2026_12_alt1", "part_2027_01_alt1"], ["part_2026_12", "part_2027_01"],
            ]
        )
    }

    @Test("names that differ only in how an accent is composed are different names, as they are for PostgreSQL")
    func bytesMatter() throws {
        let composed = RelationName(schema: "public", name: "caf\u{E9}")
        let decomposed = RelationName(schema: "public", name: "cafe\u{301}")
        #expect(composed != decomposed)
        #expect(Set([composed, decomposed]).count == 2)
        #expect((composed < decomposed) != (decomposed < composed))
    }

    @Test("a table whose names tell nothing gets the interval's usual pattern")
    func noPattern() throws {
        let table = try PartitionedTable.events(["current [2026-11-01, 2026-12-01)"])
        #expect(try planned(table).made.first == "events_2026_12 [2026-12-01, 2027-01-01)")
    }

    @Test("a pattern too coarse for the interval is not continued: it would give two partitions one name")
    func coarsePattern() throws {
        let table = try PartitionedTable.events(["events_2026_11 [2026-11-22, 2026-11-23)"])
        #expect(try planned(table, buffer: 1).made == ["events_2026_11_23 [2026-11-23, 2026-11-24)"])
    }

    @Test("for people a relation is written as SQL would need it")
    func displayed() {
        let names: [(String, String)] = [
            ("events", "public.events"), ("Events", "public.\"Events\""), ("a b", "public.\"a b\""),
            ("a\"b", "public.\"a\"\"b\""), ("2026", "public.\"2026\""), ("", "public.\"\""),
            ("a.b;c", "public.\"a.b;c\""), ("é", "public.\"é\""),
        ]
        for (name, shown) in names { #expect(Self.named(name).description == shown) }
    }
}
