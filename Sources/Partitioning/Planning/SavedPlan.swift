// SPDX-License-Identifier: Apache-2.0
// Part of partition-cli. See LICENSE and CONTRIBUTING.md.

/// A plan on its way from `plan` to `apply`: what was to be done, and beside what.
///
/// Nothing in it is ever executed. It is compared with a plan that is made anew, and that one is carried out if both say the same.
package struct SavedPlan: Hashable, Codable, Sendable {
    /// A partition that was there when the plan was made.
    package struct Neighbour: Hashable, Codable, Sendable {
        package var name: RelationName
        package var oid: UInt32
        package var bound: Partition.Bound
        package var isDetachPending: Bool
    }

    /// A table with something to do.
    package struct Table: Hashable, Codable, Sendable {
        package var table: RelationName
        package var oid: UInt32
        package var partitions: [Neighbour]
        package var steps: [Step]
        /// For people who look through the plan: what psql would be given.
        package var sql: [String]
    }

    package var database: String
    /// Of the cluster, where the role may read it.
    package var systemIdentifier: String?
    /// The server's clock.
    package var madeAt: Instant
    package var settings: PlanSettings
    package var tables: [Table]

    /// - Parameter sql: the statements for a table's steps, for people.
    package init(
        _ plan: Plan,
        of snapshot: CatalogSnapshot,
        settings: PlanSettings,
        sql: [RelationName: [String]] = [:]
    ) {
        database = plan.database
        systemIdentifier = snapshot.server.systemIdentifier
        madeAt = plan.now
        self.settings = settings
        tables = plan.tables.filter { !$0.steps.isEmpty }.map { table in
            Table(
                table: table.table,
                oid: table.oid,
                partitions: Self.neighbours(of: table.oid, in: snapshot),
                steps: table.steps,
                sql: sql[table.table] ?? []
            )
        }
    }

    private static func neighbours(of table: UInt32, in snapshot: CatalogSnapshot) -> [Neighbour] {
        (snapshot.tables.first { $0.oid == table }?.partitions ?? []).map { partition in
            Neighbour(
                name: partition.name,
                oid: partition.oid,
                bound: partition.bound,
                isDetachPending: partition.isDetachPending
            )
        }
    }

    // MARK: - Comparison

    /// What has moved since: a sentence for each difference between this and a plan made now; empty where both are the same.
    ///
    /// Sizes, reasons and times don't count; names, bounds, order, locks and neighbours do.
    package func differences(from plan: Plan, in snapshot: CatalogSnapshot) -> [String] {
        guard plan.database == database else {
            return ["the plan is of the database \(database), and this is \(plan.database)"]
        }
        if let before = systemIdentifier, let now = snapshot.server.systemIdentifier, before != now {
            return ["the plan was made on another server (system identifier \(before), this one has \(now))"]
        }
        let current = SavedPlan(plan, of: snapshot, settings: settings)
        let before = Dictionary(tables.map { ($0.table, $0) }, uniquingKeysWith: { first, _ in first })
        let now = Dictionary(current.tables.map { ($0.table, $0) }, uniquingKeysWith: { first, _ in first })
        return Set(before.keys).union(now.keys).sorted().flatMap { name -> [String] in
            switch (before[name], now[name]) {
            case (let old?, let new?): Self.differences(old, new)
            case (let old?, nil): Self.vanished(old, in: snapshot)
            case (nil, let new?): new.steps.map { "\(name): now needed, too: \($0.deed)" }
            case (nil, nil): []
            }
        }
    }

    /// Tables whose statements in this plan aren't those of a plan made now, a sentence each: somebody has changed them, or what they depend on.
    ///
    /// - Parameter sql: the statements made now, as for ``init(_:of:settings:sql:)``.
    package func differences(from sql: [RelationName: [String]]) -> [String] {
        tables.filter { $0.sql != sql[$0.table] ?? [] }.map {
            "\($0.table): the statements in the plan are not those that would be executed now"
        }
    }

    /// Whether every step of a later plan is one of this plan: what is left of it after an interruption.
    package func permits(_ plan: Plan) -> Bool {
        let known = Set(tables.flatMap(\.steps).map(\.essence))
        return plan.database == database && plan.steps.allSatisfy { known.contains($0.essence) }
    }

    private static func vanished(_ old: Table, in snapshot: CatalogSnapshot) -> [String] {
        guard let table = snapshot.tables.first(where: { $0.name == old.table }) else {
            return ["\(old.table) is gone, or no partitioned table any more"]
        }
        var new = old
        new.oid = table.oid
        new.partitions = neighbours(of: table.oid, in: snapshot)
        new.steps = []
        return differences(old, new)
    }

    private static func differences(_ old: Table, _ new: Table) -> [String] {
        if old.oid != new.oid { return ["\(old.table) was dropped and made anew"] }
        var sentences: [String] = []
        let before = Dictionary(old.partitions.map { ($0.oid, $0) }, uniquingKeysWith: { first, _ in first })
        let now = Dictionary(new.partitions.map { ($0.oid, $0) }, uniquingKeysWith: { first, _ in first })
        sentences += new.partitions.filter { before[$0.oid] == nil }.map {
            "\(old.table): the partition \($0.name) came"
        }
        sentences += old.partitions.filter { now[$0.oid] == nil }.map {
            "\(old.table): the partition \($0.name) is gone"
        }
        sentences += old.partitions.compactMap { partition in
            guard let other = now[partition.oid], other != partition else { return nil }
            return other.name == partition.name
                ? "\(old.table): the partition \(partition.name) has changed"
                : "\(old.table): the partition \(partition.name) is called \(other.name) now"
        }
        let steps = old.steps.map(\.essence)
        let others = new.steps.map(\.essence)
        guard steps != others else { return sentences }
        let gone = steps.filter { !others.contains($0) }
        let come = others.filter { !steps.contains($0) }
        for step in gone {
            let isStillThere = come.contains { $0.target == step.target }
            sentences.append(
                "\(old.table): "
                    + (isStillThere ? "to be done otherwise: \(step.deed)" : "not needed any more: \(step.deed)")
            )
        }
        for step in come where !gone.contains(where: { $0.target == step.target }) {
            sentences.append("\(old.table): now needed, too: \(step.deed)")
        }
        return sentences.isEmpty ? ["\(old.table): the steps come in another order"] : sentences
    }
}

extension Step {
    /// What counts when two plans are compared.
    fileprivate var essence: Step {
        var step = self
        step.reason = ""
        return step
    }

    /// For people.
    fileprivate var deed: String {
        switch action {
        case .createPartition(let creation):
            "\(creation.adoptsExisting ? "attach" : "create") \(target) for [\(creation.lowerBound), \(creation.upperBound))"
        case .repairIndex: "build the index \(target)"
        case .finalizeDetach: "complete the detach of \(target)"
        case .dropLeftoverCheck: "drop the CHECK \(target)"
        case .dropUnattached: "drop \(target), which was never attached"
        }
    }
}
