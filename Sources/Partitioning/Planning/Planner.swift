// SPDX-License-Identifier: Apache-2.0
// Part of partition-cli. See LICENSE and CONTRIBUTING.md.

/// Turns a reading of the catalog into what has to be done. Pure: the same values give the same plan.
package struct Planner: Sendable {
    package var snapshot: CatalogSnapshot
    package var settings: PlanSettings
    /// Relations that already have a name a plan asked for, from an earlier call's ``wantedNames(of:)``.
    package var occupants: [RelationName: NameOccupant]

    package init(
        snapshot: CatalogSnapshot,
        settings: PlanSettings,
        occupants: [RelationName: NameOccupant] = [:]
    ) {
        self.snapshot = snapshot
        self.settings = settings
        self.occupants = occupants
    }

    /// Names that the plan would give: to be looked up before it is final, since a name may be taken.
    package static func wantedNames(of plan: Plan) -> Set<RelationName> {
        Set(
            plan.steps.compactMap { step in
                if case .createPartition(let creation) = step.action { creation.name } else { nil }
            }
        )
    }

    /// The plan for every table, the most urgent first, with the run's cap on steps applied.
    package func plan() -> Plan {
        var tables =
            snapshot.tables
            .filter { settings.tables?.contains($0.name) ?? true }
            .map(tablePlan)
            .sorted { left, right in
                (left.coverage?.daysRemaining ?? .infinity, left.table)
                    < (right.coverage?.daysRemaining ?? .infinity, right.table)
            }
        var left = settings.stepsPerRun
        for index in tables.indices {
            apply(cap: min(left, settings.stepsPerTable), to: &tables[index])
            left -= tables[index].steps.count
        }
        return Plan(now: snapshot.server.now, database: snapshot.server.database, tables: tables)
    }

    private func tablePlan(_ table: PartitionedTable) -> TablePlan {
        switch PolicyInference.policy(for: table, in: snapshot, settings: settings) {
        case .failure(let left):
            TablePlan(
                table: table.name,
                oid: table.oid,
                disposition: .leftAlone(left),
                findings: [finding(for: left, table: table)]
            )
        case .success(let policy):
            grownPlan(table, policy: policy)
        }
    }

    /// A table that carries our marker is ours to keep covered: not being able to is a failure, not a remark.
    private func finding(for left: LeftAlone, table: PartitionedTable) -> Finding {
        let isFailure =
            left.reason == .unreadableBound || (table.carriesOurMarker && left.reason != .maintainedByPartman)
        let code: Finding.Code =
            switch left.reason {
            case .unreadableBound: .unreadableBound
            case .notOwned: .privilege
            default: .leftAlone
            }
        return Finding(
            isFailure ? .error : .note,
            code,
            table: table.name,
            "\(table.name) is left alone: \(left.explanation)",
            remedy: left.remedy
        )
    }

    private func grownPlan(_ table: PartitionedTable, policy: GrowthPolicy) -> TablePlan {
        guard let required = policy.requiredRange(now: snapshot.server.now), let codec = codec(of: table) else {
            let left = LeftAlone(.notInferable, "its grid ends before the buffer does")
            return TablePlan(
                table: table.name,
                oid: table.oid,
                disposition: .leftAlone(left),
                findings: [finding(for: left, table: table)]
            )
        }
        let geometry = TableGeometry(table: table, policy: policy, codec: codec, now: snapshot.server.now)
        var namer = PartitionNamer(table: table, policy: policy, occupants: occupants)
        var steps = residueSteps(table)
        steps += geometry.pieces(required: required).map { piece in
            creationStep(piece, table: table, geometry: geometry, namer: &namer)
        }
        steps += indexSteps(table)
        return TablePlan(
            table: table.name,
            oid: table.oid,
            disposition: .grown(policy),
            coverage: geometry.report(required: required),
            steps: steps,
            findings: geometry.findings(required: required) + namer.findings + TableFindings.of(table)
                + zoneHint(table, policy: policy)
        )
    }

    private func codec(of table: PartitionedTable) -> CoordinateCodec? {
        table.key.first.flatMap { CoordinateCodec($0.type) }
    }

    private func creationStep(
        _ range: KeyRange,
        table: PartitionedTable,
        geometry: TableGeometry,
        namer: inout PartitionNamer
    ) -> Step {
        let (name, adopts) = namer.name(for: range)
        let creation = PartitionCreation(
            name: name,
            range: range,
            lowerBound: geometry.codec.literal(range.lower),
            upperBound: geometry.codec.literal(range.upper),
            receivesWritesNow: geometry.receivesWritesNow(range),
            adoptsExisting: adopts
        )
        return Step(
            table: table.name,
            tableOID: table.oid,
            action: .createPartition(creation),
            reason: geometry.reason(for: range),
            precondition: "no partition of \(table.name) overlaps [\(creation.lowerBound), \(creation.upperBound))",
            locks: LockUse.ofCreation(in: table, receivesWritesNow: creation.receivesWritesNow),
            runsInTransaction: true
        )
    }

    private func residueSteps(_ table: PartitionedTable) -> [Step] {
        var steps: [Step] = []
        if let partition = table.defaultPartition {
            steps += table.leftoverChecks.map { name in
                Step(
                    table: table.name,
                    tableOID: table.oid,
                    action: .dropLeftoverCheck(constraint: name, defaultPartition: partition.name),
                    reason:
                        "an interrupted run left this CHECK, which refuses rows that belong into the default partition",
                    precondition: "the CHECK is still there",
                    locks: [LockUse(relation: partition.name, oid: partition.oid, mode: .accessExclusive)],
                    runsInTransaction: true
                )
            }
        }
        for partition in table.partitions where partition.isDetachPending && partition.marker != nil {
            steps.append(
                Step(
                    table: table.name,
                    tableOID: table.oid,
                    action: .finalizeDetach(partition: partition.name),
                    reason: "its DETACH … CONCURRENTLY was interrupted; until it is completed the range refuses rows",
                    precondition: "the detach is still pending",
                    locks: [
                        LockUse(relation: table.name, oid: table.oid, mode: .shareUpdateExclusive),
                        LockUse(relation: partition.name, oid: partition.oid, mode: .accessExclusive),
                    ],
                    runsInTransaction: true
                )
            )
        }
        return steps
    }

    private func indexSteps(_ table: PartitionedTable) -> [Step] {
        table.indexGaps.filter { $0.partitionKind == .table }.map { gap in
            Step(
                table: table.name,
                tableOID: table.oid,
                action: .repairIndex(gap),
                reason: gap.invalidRemnant == nil
                    ? "the index \(gap.parentIndex.name) has no valid child on \(gap.partition)"
                    : "the child of the index \(gap.parentIndex.name) on \(gap.partition) is invalid",
                precondition: "the index still has no valid child on \(gap.partition)",
                locks: [LockUse(relation: gap.partition, oid: gap.partitionOID, mode: .shareUpdateExclusive)],
                runsInTransaction: false
            )
        }
    }

    private func zoneHint(_ table: PartitionedTable, policy: GrowthPolicy) -> [Finding] {
        guard case .zoned(let rules) = policy.grid.timeline, rules.name == ZoneRules.utc.name, settings.timeZone == nil,
            policy.grid.period.isCalendar, snapshot.server.sessionTimeZone != "UTC"
        else { return [] }
        return [
            Finding(
                .note,
                .zoneHint,
                table: table.name,
                "bounds of \(table.name) are read as midnights in UTC; the server's TimeZone is \(snapshot.server.sessionTimeZone)",
                remedy: "if local midnights are meant, say --timezone=\(snapshot.server.sessionTimeZone)"
            )
        ]
    }

    private func apply(cap: Int, to plan: inout TablePlan) {
        guard plan.steps.count > cap else { return }
        let dropped = plan.steps.count - max(cap, 0)
        plan.steps.removeLast(dropped)
        plan.findings.append(
            Finding(
                .warning,
                .stepCap,
                table: plan.table,
                "\(dropped) more steps for \(plan.table) are left to the next run: the cap is \(settings.stepsPerTable) "
                    + "for a table and \(settings.stepsPerRun) for a run",
                remedy: "run again, or shorten --buffer-days"
            )
        )
    }
}
