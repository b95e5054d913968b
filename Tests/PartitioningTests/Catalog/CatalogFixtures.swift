// SPDX-License-Identifier: Apache-2.0
// Part of partition-cli. See LICENSE and CONTRIBUTING.md.

import Partitioning
import Testing

// Catalogs as people write them: a partition is `events_2026_11 [2026-11-01, 2026-12-01)`, `old [MINVALUE, 2020-01-01)` or
// `rest DEFAULT`. What a plan makes is written the same way, so that a test is a table of texts.

extension Partition {
    /// - Parameters:
    ///   - text: name, a space, and the bound. Dates and times without a zone; for `timestamptz` they are UTC.
    init(_ text: String, key: KeyType = .timestamptz, oid: UInt32 = 0, schema: String = "public") throws {
        let space = try #require(text.firstIndex(of: " "), "\(text)")
        let bound = text[text.index(after: space)...]
        let parsed: PartitionBound
        if bound == "DEFAULT" {
            parsed = .default
        } else {
            try #require(bound.hasPrefix("[") && bound.hasSuffix(")"), "\(text)")
            let sides = bound.dropFirst().dropLast().split(separator: ", ").map(String.init)
            try #require(sides.count == 2, "\(text)")
            parsed = .range(lower: [Self.datum(sides[0], key)], upper: [Self.datum(sides[1], key)])
        }
        self.init(oid: oid, name: RelationName(schema: schema, name: String(text[..<space])), bound: .known(parsed))
    }

    private static func datum(_ text: String, _ key: KeyType) -> BoundDatum {
        switch text {
        case "MINVALUE": .minValue
        case "MAXVALUE": .maxValue
        case "infinity", "-infinity": .literal(text)
        default: .literal(key == .date ? text : spelledOut(text) + (key == .timestamptz ? "+00" : ""))
        }
    }
}

/// `2026-11-01 00:00:00` for `2026-11-01`, as the server prints it.
private func spelledOut(_ text: String) -> String {
    switch text.utf8.count(where: { $0 == UInt8(ascii: ":") }) {
    case 0: text + " 00:00:00"
    case 1: text + ":00"
    default: text
    }
}

/// A moment in UTC, written `2026-11-22 12:00`.
func moment(_ text: String) throws -> Instant {
    Instant(microseconds: try civil(spelledOut(text)).microseconds)
}

extension PartitionCreation {
    /// The name and the bounds in the notation of the tests.
    var text: String { "\(name.name) [\(Self.shortened(lowerBound)), \(Self.shortened(upperBound)))" }

    private static func shortened(_ literal: String) -> String {
        var text = literal[...]
        for ending in ["+00", ":00", " 00:00"] where text.hasSuffix(ending) { text = text.dropLast(ending.count) }
        return String(text)
    }

    /// The partition that carrying out this creation leaves in the catalog.
    func partition(oid: UInt32, parent: RelationName, at now: Instant) -> Partition {
        Partition(
            oid: oid,
            name: name,
            bound: .known(.range(lower: [.literal(lowerBound)], upper: [.literal(upperBound)])),
            marker: PartitionMarker(parent: parent.description, createdAt: now)
        )
    }
}

extension PartitionedTable {
    /// A table partitioned by range over `event_ts`.
    static func events(
        _ partitions: [String],
        key: KeyType = .timestamptz,
        named name: String = "events",
        oid: UInt32 = 1000
    ) throws -> PartitionedTable {
        PartitionedTable(
            oid: oid,
            name: RelationName(schema: "public", name: name),
            strategy: .range,
            key: [KeyPart(column: "event_ts", sql: "event_ts", type: key, typeName: "\(key)")],
            partitions: try partitions.enumerated().map { try Partition($1, key: key, oid: oid + 1 + UInt32($0)) }
        )
    }

    /// Marks partitions as made by this program.
    func marked(_ isMarked: (Partition) -> Bool = { _ in true }) -> PartitionedTable {
        changing { table in
            for index in table.partitions.indices where isMarked(table.partitions[index]) {
                table.partitions[index].marker = PartitionMarker(
                    parent: name.description,
                    createdAt: Instant(microseconds: 0)
                )
            }
        }
    }

    func changing(_ change: (inout PartitionedTable) throws -> Void) rethrows -> PartitionedTable {
        var copy = self
        try change(&copy)
        return copy
    }

    /// The catalog after the plan's steps were carried out.
    func applying(_ plan: TablePlan, at now: Instant) -> PartitionedTable {
        changing { table in
            for step in plan.steps {
                switch step.action {
                case .createPartition(let creation):
                    let oid = (table.partitions.map(\.oid).max() ?? table.oid) + 1
                    table.partitions.append(creation.partition(oid: oid, parent: table.name, at: now))
                case .finalizeDetach(let name): table.partitions.removeAll { $0.name == name }
                case .dropLeftoverCheck(let constraint, _): table.leftoverChecks.removeAll { $0 == constraint }
                case .dropUnattached(_, let oid): table.unattached.removeAll { $0.oid == oid }
                case .repairIndex(let gap): table.indexGaps.removeAll { $0 == gap }
                }
            }
        }
    }
}

extension PartitionedTable {
    func applying(_ plan: TablePlan, at now: String = "2026-11-22 12:00") throws -> PartitionedTable {
        applying(plan, at: try moment(now))
    }
}

extension CatalogSnapshot {
    /// What a server says at `now`, written `2026-11-22 12:00`, in UTC.
    static func of(
        _ tables: [PartitionedTable],
        at now: String,
        zone: ZoneRules? = nil,
        candidates: [ZoneRules] = [],
        sessionZone: String = "UTC"
    ) throws -> CatalogSnapshot {
        CatalogSnapshot(
            server: ServerFacts(
                version: 180_004,
                now: try moment(now),
                database: "app",
                role: "owner",
                sessionTimeZone: sessionZone
            ),
            tables: tables,
            zoneCandidates: candidates.isEmpty
                ? [:] : Dictionary(uniqueKeysWithValues: tables.map { ($0.oid, candidates) }),
            namedZone: zone
        )
    }
}

extension PlanSettings {
    static func buffer(_ days: Int, zone: ZoneRules? = nil) -> PlanSettings {
        PlanSettings(bufferDays: days, timeZone: zone?.name)
    }
}

/// The plan for one table.
func planned(
    _ table: PartitionedTable,
    at now: String = "2026-11-22 12:00",
    buffer: Int = 60,
    zone: ZoneRules? = nil,
    candidates: [ZoneRules] = [],
    sessionZone: String = "UTC"
) throws -> TablePlan {
    let snapshot = try CatalogSnapshot.of(
        [table],
        at: now,
        zone: zone,
        candidates: candidates,
        sessionZone: sessionZone
    )
    return try #require(Planner(snapshot: snapshot, settings: .buffer(buffer, zone: zone)).plan().tables.first)
}

extension TablePlan {
    var creations: [PartitionCreation] { steps.compactMap(\.creation) }
    /// What is made, in the notation of the tests and in the order of the steps.
    var made: [String] { creations.map(\.text) }
    var leftAlone: LeftAlone? { if case .leftAlone(let reason) = disposition { reason } else { nil } }

    func findings(_ code: Finding.Code) -> [Finding] { findings.filter { $0.code == code } }
}

extension Step {
    var creation: PartitionCreation? { if case .createPartition(let creation) = action { creation } else { nil } }
}
