// SPDX-License-Identifier: Apache-2.0
// Part of partition-cli. See LICENSE and CONTRIBUTING.md.

package import Partitioning

/// A policy file for the tables of a database as they are, with the reasons for what it says.
///
/// It asks for nothing that isn't there yet, as far as a buffer can say so: the buffer of a table that reaches less far than
/// ``PlanSettings/standardBufferDays`` is shorter than what it reaches. ``firstSteps`` is what has to be done all the same.
package struct PolicyDraft: Hashable, Sendable {
    /// Tables that can't be written down, with the reason.
    package struct LeftOut: Hashable, Sendable {
        package var table: RelationName
        package var explanation: String
        package var remedy: String?
    }

    /// nil where no table can be written down: a policy file has one at least.
    package private(set) var document: PolicyDocument?
    /// How each value was found.
    package private(set) var notes: [PolicyPath: [String]] = [:]
    package private(set) var leftOut: [LeftOut] = []
    /// What the first plan with the document does, of tables that it doesn't leave as they are: what even the shortest buffer asks
    /// for, and repairs.
    package private(set) var firstSteps: [RelationName: [Step]] = [:]

    /// - Parameters:
    ///   - snapshot: read with the same settings.
    ///   - connections: what the file says of database and registry.
    package init(
        of snapshot: CatalogSnapshot,
        settings: PlanSettings,
        database: EnvironmentText?,
        registry: EnvironmentText?
    ) {
        var tables: [PolicyTable] = []
        for table in snapshot.tables where settings.tables?.contains(table.name) ?? true {
            switch Self.policy(for: table, in: snapshot, settings) {
            case .failure(let left):
                leftOut.append(LeftOut(table: table.name, explanation: left.explanation, remedy: left.remedy))
            case .success(let policy):
                let buffer = DraftBuffer(for: table, policy, now: snapshot.server.now)
                guard let entry = Self.entry(for: table, policy, buffer) else {
                    let why = "its bounds begin at \(policy.grid.anchor), and a policy file knows whole minutes only"
                    leftOut.append(LeftOut(table: table.name, explanation: why))
                    continue
                }
                tables.append(entry)
                let steps = Self.firstSteps(of: table, policy, entry, in: snapshot)
                if !steps.isEmpty { firstSteps[table.name] = steps }
                note(table, policy, entry, buffer)
            }
        }
        guard !tables.isEmpty else { return }
        document = PolicyDocument(
            database: database,
            registry: registry,
            defaults: PolicySettings(buffer: PolicyDuration(PlanSettings.standardBufferDays, .day)),
            tables: tables
        )
    }

    /// Also of tables that pg_partman maintains: they are written down to be handed over.
    private static func policy(
        for table: PartitionedTable,
        in snapshot: CatalogSnapshot,
        _ settings: PlanSettings
    ) -> Result<GrowthPolicy, LeftAlone> {
        PolicyInference.policy(for: handedOver(table), in: snapshot, settings: settings)
    }

    private static func handedOver(_ table: PartitionedTable) -> PartitionedTable {
        var table = table
        table.isMaintainedByPartman = false
        return table
    }

    /// What the planner makes of the entry now.
    private static func firstSteps(
        of table: PartitionedTable,
        _ policy: GrowthPolicy,
        _ entry: PolicyTable,
        in snapshot: CatalogSnapshot
    ) -> [Step] {
        var snapshot = snapshot
        snapshot.tables = [handedOver(table)]
        snapshot.declaredZones = [policy.zone.name: policy.zone]
        let nowhere = DeclaredPolicy.Places(table: "", column: "", period: "", timeZone: "")
        let declared = DeclaredPolicy(
            table: table.name,
            column: table.key.first?.column ?? "",
            period: policy.grid.period,
            anchor: policy.grid.anchor,
            timeZone: policy.zone.name,
            names: policy.names,
            buffer: entry.settings.buffer?.buffer ?? Buffer(days: PlanSettings.standardBufferDays),
            places: nowhere
        )
        let plan = Planner(snapshot: snapshot, settings: PlanSettings(declared: [declared])).plan()
        return plan.steps
    }

    /// nil where the grammar can't say it.
    private static func entry(
        for table: PartitionedTable,
        _ policy: GrowthPolicy,
        _ buffer: DraftBuffer
    ) -> PolicyTable? {
        let grid = policy.grid
        guard let key = table.key.first?.column, let column = try? CatalogName(parsing: key) else { return nil }
        let isStandard = grid.anchor == grid.period.standardAnchor
        guard isStandard || grid.anchor.microseconds % 60_000_000 == 0 else { return nil }
        var settings = PolicySettings()
        settings.buffer = buffer.written
        if policy.zone.name != ZoneRules.utc.name {
            guard let name = try? ZoneName(parsing: policy.zone.name) else { return nil }
            settings.timeZone = name
        }
        return PolicyTable(
            name: table.name,
            levels: [.range(RangeLevel(column: column, period: grid.period, anchor: isStandard ? nil : grid.anchor))],
            names: policy.names,
            defaultPartition: table.defaultPartition == nil ? nil : .keep,
            settings: settings
        )
    }

    private mutating func note(
        _ table: PartitionedTable,
        _ policy: GrowthPolicy,
        _ entry: PolicyTable,
        _ buffer: DraftBuffer
    ) {
        let path: PolicyPath = ["tables", table.name.description]
        let ranges = PolicyInference.ranges(of: table).filter(\.range.isFinite).sorted { $0.range < $1.range }
        let newest = ranges.last?.partition.name.description ?? ""
        let partitions = ranges.count == 1 ? "its one partition" : "its \(ranges.count) partitions"
        var remarks: [String] = []
        if table.isMaintainedByPartman {
            remarks += [
                "pg_partman maintains this table: until it is removed from pg_partman's part_config",
                "it is left alone, and rotate reports that (exit 1).",
            ]
        }
        if let steps = firstSteps[table.name] {
            remarks.append("The first plan of this table isn't empty: \(FirstPlan(steps).words).")
        }
        if !remarks.isEmpty { notes[path] = remarks }
        notes[path / "by"] = ["Read off \(partitions); the newest is \(newest)."]
        notes[path / "name"] = ["As \(newest) is named, if its name shows its bounds; else the usual pattern."]
        if let zone = entry.settings.timeZone {
            notes[path / "timezone"] = [
                policy.grid.timeline.zoneName == nil
                    ? "Its bounds have no zone: this is where \"now\" is read."
                    : "Its bounds are midnights there, and not in UTC. \(zone) stands for all zones that fit."
            ]
        }
        if entry.settings.buffer != nil {
            let why =
                buffer.idleUntil.map { "As long as what lies ahead allows: nothing is created with it before \($0)." }
                ?? "Not even the next minute is covered: whatever stands here, partitions are created."
            notes[path / "buffer"] = [
                why + " Raise it:",
                "with the \(PlanSettings.standardBufferDays) days of the defaults (leave this line out) a scheduler may fail for weeks before a row",
                "has no partition.",
            ]
        }
    }
}
