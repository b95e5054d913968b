// SPDX-License-Identifier: Apache-2.0
// Part of partition-cli. See LICENSE and CONTRIBUTING.md.

/// Turns a reading of the catalog into what has to be done. Pure: the same values give the same plan.
package struct Planner: Sendable {
    package var snapshot: CatalogSnapshot
    package var settings: PlanSettings
    /// Relations that already have a name a plan asked for, looked up after a first plan without them.
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

    /// The plan for every table, the most urgent first, with the run's cap on steps applied.
    package func plan() -> Plan {
        // Names that tables before have taken in this plan: two tables may follow the same pattern.
        var claimed: Set<RelationName> = []
        let drafts =
            (snapshot.tables.filter { settings.covers($0.name) }.map { draft($0, claimed: &claimed) } + missing)
            .sorted { left, right in
                (left.plan.coverage?.daysRemaining ?? .infinity, left.plan.table)
                    < (right.plan.coverage?.daysRemaining ?? .infinity, right.plan.table)
            }
        var left = settings.stepsPerRun
        let tables = drafts.map { draft in
            let table = capped(draft, at: min(left, settings.stepsPerTable))
            left -= table.steps.count
            return table
        }
        return Plan(now: snapshot.server.now, database: snapshot.server.database, tables: tables)
    }

    /// A table's plan before the caps, which may leave out steps that no cap would let through.
    private struct Draft {
        var plan: TablePlan
        /// How many steps were left out.
        var more = 0
    }

    private func draft(_ table: PartitionedTable, claimed: inout Set<RelationName>) -> Draft {
        let policy =
            declared(table)?.policy(for: table, in: snapshot)
            ?? PolicyInference.policy(for: table, in: snapshot, settings: settings)
        switch policy {
        case .failure(let left): return Draft(plan: leftAlone(table, left))
        case .success(let policy): return grown(table, policy: policy, claimed: &claimed)
        }
    }

    private func declared(_ table: PartitionedTable) -> DeclaredPolicy? {
        settings.declared?.first { $0.table == table.name }
    }

    /// Tables that the policy file lists and that aren't there.
    private var missing: [Draft] {
        let present = Set(snapshot.tables.map(\.name))
        return (settings.wanted ?? []).filter { !present.contains($0.table) }.map { policy in
            let left = policy.missing(among: snapshot.tables)
            return Draft(
                plan: TablePlan(
                    table: policy.table,
                    oid: 0,
                    disposition: .leftAlone(left),
                    findings: [finding(for: left, table: policy.table, isFailure: true)]
                )
            )
        }
    }

    /// A table that isn't grown, or not any more, still gets rid of what an interrupted run of ours left on it.
    private func leftAlone(_ table: PartitionedTable, _ left: LeftAlone) -> TablePlan {
        var left = left
        let ending = ending(of: table, left: left)
        if let ending { left.explanation += "; \(ending.words)" }
        let isInOtherHands: Bool =
            switch left.reason {
            case .extensionMember, .maintainedByPartman, .notOwned: true
            case .kind, .unreadableBound, .notInferable, .ambiguousZone, .dormant, .policyMismatch, .notFound: false
            }
        return TablePlan(
            table: table.name,
            oid: table.oid,
            disposition: .leftAlone(left),
            steps: isInOtherHands ? [] : residueSteps(table) + removals(of: table, besides: []),
            findings: [
                finding(
                    for: left,
                    table: table.name,
                    isFailure: isFailure(left, of: table),
                    isNear: ending?.isNear ?? false
                )
            ]
                + (ending?.lacksNow == true ? [refusal(of: table, left, isFailure: isFailure(left, of: table))] : [])
                + (isInOtherHands ? [] : TableFindings.residue(of: table))
        )
    }

    /// A table that somebody declared, or that carries our marker, is ours to keep covered: not being able to is a failure, not a remark.
    private func isFailure(_ left: LeftAlone, of table: PartitionedTable) -> Bool {
        left.reason == .unreadableBound || declared(table) != nil
            || (table.carriesOurMarker && left.reason != .maintainedByPartman)
    }

    /// - Parameter isNear: it looks as if it were to be grown, and runs out soon: a warning, since nobody else may be looking.
    private func finding(
        for left: LeftAlone,
        table: RelationName,
        isFailure: Bool,
        isNear: Bool = false
    ) -> Finding {
        let code: Finding.Code =
            switch left.reason {
            case .unreadableBound: .unreadableBound
            case .notOwned: .privilege
            default: .leftAlone
            }
        return Finding(
            isFailure ? .error : isNear ? .warning : .note,
            code,
            table: table,
            "\(table) is left alone: \(left.explanation)",
            remedy: left.remedy
        )
    }

    private func grown(_ table: PartitionedTable, policy: GrowthPolicy, claimed: inout Set<RelationName>) -> Draft {
        guard let required = policy.requiredRange(now: snapshot.server.now), let codec = codec(of: table) else {
            return Draft(plan: leftAlone(table, LeftAlone(.notInferable, "its grid ends before the buffer does")))
        }
        let geometry = TableGeometry(
            table: table,
            policy: policy,
            codec: codec,
            now: snapshot.server.now,
            required: required
        )
        var namer = PartitionNamer(table: table, policy: policy, occupants: occupants, claimed: claimed)
        var steps = residueSteps(table)
        let (pieces, more) = geometry.pieces(limit: max(0, settings.stepsPerTable))
        steps += pieces.map { piece in
            creationStep(piece, table: table, geometry: geometry, namer: &namer)
        }
        steps += indexSteps(table)
        steps += removals(of: table, besides: steps)
        claimed.formUnion(namer.chosen)
        let plan = TablePlan(
            table: table.name,
            oid: table.oid,
            disposition: .grown(policy),
            coverage: geometry.report,
            steps: steps,
            findings: geometry.findings + namer.findings + TableFindings.of(table)
                + zoneHint(table, policy: policy) + nameHint(table, policy: policy) + unwantedDefault(of: table)
        )
        return Draft(plan: plan, more: more)
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
        let (name, adopted) = namer.name(for: range)
        let creation = PartitionCreation(
            name: name,
            range: range,
            lowerBound: geometry.codec.literal(range.lower),
            upperBound: geometry.codec.literal(range.upper),
            receivesWritesNow: geometry.receivesWritesNow(range),
            adoptedOID: adopted
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
                    locks: LockUse.ofFinalizing(partition, in: table),
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

    private func unwantedDefault(of table: PartitionedTable) -> [Finding] {
        guard let partition = table.defaultPartition, let policy = declared(table), !policy.allowsDefaultPartition
        else { return [] }
        return [
            Finding(
                .warning,
                .unwantedDefault,
                table: table.name,
                object: partition.name.description,
                "\(table.name) has the default partition \(partition.name), and the policy says it should have none",
                remedy: "once it is empty: ALTER TABLE \(table.name) DETACH PARTITION \(partition.name); "
                    + "or write \"default: keep\""
            )
        ]
    }

    private func zoneHint(_ table: PartitionedTable, policy: GrowthPolicy) -> [Finding] {
        guard case .zoned(let rules) = policy.grid.timeline, rules.name == ZoneRules.utc.name, settings.timeZone == nil,
            settings.declared == nil, policy.grid.period.isCalendar,
            !Self.namesOfUTC.contains(snapshot.server.sessionTimeZone)
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

    /// New partitions won't be called like those that are there, of which none follows from its bounds: most likely they show local times.
    private func nameHint(_ table: PartitionedTable, policy: GrowthPolicy) -> [Finding] {
        let cells = PolicyInference.ranges(of: table).filter {
            $0.range.isFinite && policy.grid.range(policy.grid.index(containing: $0.range.lower)) == $0.range
        }
        guard let newest = cells.max(by: { $0.range < $1.range }), cells.count >= 3 else { return [] }
        let follows = cells.contains { partition, range in
            let index = policy.grid.index(containing: range.lower)
            let name = policy.names.name(table: table.name.name, grid: policy.grid, index: index)
            return name?.utf8.elementsEqual(PolicyInference.ownName(of: partition).utf8) ?? false
        }
        if follows { return [] }
        let zone = policy.grid.timeline.zoneName
        return [
            Finding(
                .note,
                .nameStyle,
                table: table.name,
                object: newest.partition.name.description,
                "the names of existing partitions, such as \(newest.partition.name), don't follow from their bounds"
                    + (zone.map { " in \($0)" } ?? "") + ": new ones are named \(policy.names)",
                remedy: zone == nil ? nil : "if the names show the local times of another zone, name it with --timezone"
            )
        ]
    }

    /// Names that the time zone database has for UTC, one of which many servers are configured with.
    private static let namesOfUTC: Set<String> = [
        "UTC", "UCT", "GMT", "GMT0", "Greenwich", "Universal", "Zulu", "Etc/UTC", "Etc/UCT", "Etc/GMT", "Etc/GMT0",
        "Etc/Greenwich", "Etc/Universal", "Etc/Zulu",
    ]

    private func capped(_ draft: Draft, at cap: Int) -> TablePlan {
        var plan = draft.plan
        let kept = min(plan.steps.count, max(cap, 0))
        let dropped = plan.steps.count - kept + draft.more
        guard dropped > 0 else { return plan }
        plan.steps.removeLast(plan.steps.count - kept)
        plan.findings.append(
            Finding(
                .warning,
                .stepCap,
                table: plan.table,
                "\(dropped) more steps for \(plan.table) are left to the next run: the cap is \(settings.stepsPerTable) "
                    + "for a table and \(settings.stepsPerRun) for a run",
                remedy: "run again, or give a smaller --buffer-days"
            )
        )
        return plan
    }
}
