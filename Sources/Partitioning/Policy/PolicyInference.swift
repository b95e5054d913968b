// SPDX-License-Identifier: Apache-2.0
// Part of partition-cli. See LICENSE and CONTRIBUTING.md.

/// Reads a table's policy off the partitions it has.
package enum PolicyInference {
    /// The policy, or why the table is left alone.
    ///
    /// - Parameters:
    ///   - table: as read from the catalog.
    ///   - snapshot: for the server's clock and the zones it was asked for.
    package static func policy(
        for table: PartitionedTable,
        in snapshot: CatalogSnapshot,
        settings: PlanSettings
    ) -> Result<GrowthPolicy, LeftAlone> {
        if let left = unsupportedKind(of: table) ?? obstacle(to: table, for: snapshot.server.role) {
            return .failure(left)
        }
        let ranges = ranges(of: table)
        guard ranges.contains(where: \.range.isFinite) else {
            return .failure(
                LeftAlone(
                    .notInferable,
                    "it has no partition with two finite bounds to read the interval off",
                    remedy: "create the first partition by hand; the next run continues from it"
                )
            )
        }
        return grid(of: table, ranges: ranges.map(\.range), in: snapshot, settings: settings).flatMap { grid in
            let zone = zone(of: grid, in: snapshot)
            let policy = GrowthPolicy(
                grid: grid,
                zone: zone,
                names: names(of: table, ranges: ranges, grid: grid),
                buffer: Buffer(days: settings.bufferDays)
            )
            if let dormant = dormancy(of: table, ranges: ranges.map(\.range), policy: policy, now: snapshot.server.now)
            {
                return .failure(dormant)
            }
            return .success(policy)
        }
    }

    /// Why this kind of partitioning isn't grown, or nil where it is.
    package static func unsupportedKind(of table: PartitionedTable) -> LeftAlone? {
        if table.strategy != .range {
            return LeftAlone(.kind, "it is partitioned by \(table.strategy.rawValue), which is not grown yet")
        }
        guard table.key.count == 1, let key = table.key.first else {
            return LeftAlone(.kind, "its partition key has \(table.key.count) columns, which is not grown yet")
        }
        if table.isSubpartitioned {
            return LeftAlone(.kind, "it is itself a partition of another table, which is not grown yet")
        }
        if table.partitions.contains(where: { $0.kind == .partitionedTable && !$0.isDefault }) {
            return LeftAlone(.kind, "its partitions are partitioned themselves, which is not grown yet")
        }
        if key.column == nil {
            return LeftAlone(.kind, "its partition key is an expression, which is not grown yet")
        }
        if !key.type.isTemporal {
            return LeftAlone(.kind, "its key is of type \(key.typeName), which is not grown yet")
        }
        return nil
    }

    /// Ranges of the partitions whose bounds can be read, with their partitions; the default partition left out.
    package static func ranges(of table: PartitionedTable) -> [(partition: Partition, range: KeyRange)] {
        guard let type = table.key.first?.type, let codec = CoordinateCodec(type) else { return [] }
        return table.partitions.compactMap { partition in
            guard case .known(let bound) = partition.bound, let range = try? bound.keyRange(codec) else { return nil }
            return (partition, range)
        }
    }

    /// Why a table is not ours to grow, or can't be, whatever its policy is; nil where it can.
    static func obstacle(to table: PartitionedTable, for role: String) -> LeftAlone? {
        otherHands(on: table, for: role) ?? unreadableBound(of: table)
    }

    private static func otherHands(on table: PartitionedTable, for role: String) -> LeftAlone? {
        if let name = table.ownedByExtension {
            return LeftAlone(.extensionMember, "it belongs to the extension \(name), which maintains it")
        }
        if table.isMaintainedByPartman {
            return LeftAlone(
                .maintainedByPartman,
                "pg_partman maintains it",
                remedy: "to hand it over, remove it from pg_partman's part_config"
            )
        }
        // Two maintainers would get in each other's way. What carries our marker was given to us.
        if let grant = table.grantToSeePartman, table.isOwnedByUs, !table.carriesOurMarker {
            return LeftAlone(
                .maintainedByPartman,
                "pg_partman is installed, and whether it maintains this table the connected role may not see",
                remedy: grant
            )
        }
        if !table.isOwnedByUs {
            return LeftAlone(
                .notOwned,
                "the connected role has not the rights of its owner, \(table.owner)",
                remedy: remedy(forOwnerOf: table, role)
            )
        }
        return nil
    }

    private static func remedy(forOwnerOf table: PartitionedTable, _ role: String) -> String {
        let (owner, role) = (RelationName.display(table.owner), RelationName.display(role))
        // Whoever is a member of a superuser's role is one.
        if table.isOwnedBySuperuser {
            return
                "give the table to a role that is no superuser: ALTER TABLE \(table.name) OWNER TO …, or connect as \(table.owner)"
        }
        if table.isMemberOfOwner {
            return
                "\(role) is a member of \(owner) and doesn't inherit its rights: ALTER ROLE \(role) INHERIT, or on PostgreSQL 16 and later "
                + "GRANT \(owner) TO \(role) WITH INHERIT TRUE"
        }
        return "connect as \(table.owner), or: GRANT \(owner) TO \(role)"
    }

    private static func unreadableBound(of table: PartitionedTable) -> LeftAlone? {
        guard let type = table.key.first?.type, let codec = CoordinateCodec(type) else { return nil }
        for partition in table.partitions where !partition.isDefault {
            switch partition.bound {
            case .unreadable(let text):
                return LeftAlone(
                    .unreadableBound,
                    "the bound of its partition \(partition.name) can't be read: \(text)"
                )
            case .known(let bound):
                do {
                    _ = try bound.keyRange(codec)
                } catch {
                    return LeftAlone(
                        .unreadableBound,
                        "the bound of its partition \(partition.name) can't be used: \(error.message)",
                        remedy: "detach that partition or leave this table to other hands; nothing was changed"
                    )
                }
            }
        }
        return nil
    }

    private static func grid(
        of table: PartitionedTable,
        ranges: [KeyRange],
        in snapshot: CatalogSnapshot,
        settings: PlanSettings
    ) -> Result<Grid, LeftAlone> {
        guard table.key.first?.type == .timestamptz else {
            return GridInference.infer(ranges: ranges, timelines: [.civil]).map(\.grid).mapError(notInferable)
        }
        let named = [snapshot.namedZone, .utc].compactMap { $0 }.map(Timeline.zoned)
        let first = GridInference.infer(ranges: ranges, timelines: named)
        let plain: Grid? =
            if case .success(let match) = first {
                ([match.grid] + match.fitting).first(where: ZoneChoice.isAligned)
            } else {
                nil
            }
        if let plain, snapshot.namedZone != nil || ZoneChoice.explainsAll(plain, ranges) { return .success(plain) }
        let candidates = (snapshot.zoneCandidates[table.oid] ?? []).map(Timeline.zoned)
        guard !candidates.isEmpty, case .success(let match) = GridInference.infer(ranges: ranges, timelines: candidates)
        else {
            // One odd bound of long ago is midnight nowhere, and no reason to give up on all the others.
            if let plain { return .success(plain) }
            return first.mapError(notInferable).flatMap { _ in .failure(unaligned(ranges, in: snapshot)) }
        }
        let aligned = match.fitting.filter(ZoneChoice.isAligned)
        guard let any = aligned.first, let planned = plannedRange(any, snapshot: snapshot, settings: settings) else {
            return .failure(LeftAlone(.notInferable, "its bounds are local midnights in no single time zone"))
        }
        // The ranges of a missed run begin where the newest partition ended.
        let newest = ranges.map(\.upper).filter { $0 != Int64.max && $0 != Int64.min }.max() ?? planned.lower
        return ZoneChoice.choose(
            among: aligned,
            suggesting: snapshot.server.sessionTimeZone,
            planned: KeyRange(lower: min(newest, planned.lower), upper: planned.upper)
        )
    }

    /// Days or longer that begin at an odd hour in every zone that was looked at.
    private static func unaligned(_ ranges: [KeyRange], in snapshot: CatalogSnapshot) -> LeftAlone {
        let newest = ranges.filter(\.isFinite).max().map { CivilDateTime(microseconds: $0.lower).description } ?? "?"
        if let zone = snapshot.namedZone {
            return LeftAlone(
                .notInferable,
                "its newest partition begins at \(newest) UTC, which is midnight neither in \(zone.name) nor in UTC",
                remedy: "say with --timezone in which zone its bounds are midnights"
            )
        }
        return LeftAlone(
            .notInferable,
            "its newest partition begins at \(newest) UTC, and in no time zone are all its bounds midnights",
            remedy: "if they are in one but for a few old ones, name it with --timezone; "
                + "grids that begin at an hour of the day are not inferred"
        )
    }

    private static func plannedRange(_ grid: Grid, snapshot: CatalogSnapshot, settings: PlanSettings) -> KeyRange? {
        GrowthPolicy(
            grid: grid,
            zone: zone(of: grid, in: snapshot),
            names: .standard(for: grid.period),
            buffer: Buffer(days: settings.bufferDays)
        ).requiredRange(now: snapshot.server.now)
    }

    private static func notInferable(_ failure: GridInferenceFailure) -> LeftAlone {
        LeftAlone(
            .notInferable,
            failure.reason,
            remedy: "continue the table's own interval by hand with one partition; the next run follows it"
        )
    }

    private static func zone(of grid: Grid, in snapshot: CatalogSnapshot) -> ZoneRules {
        if case .zoned(let rules) = grid.timeline { return rules }
        return snapshot.namedZone ?? .utc
    }

    /// The pattern that the names of existing partitions follow, or the usual one of the period.
    private static func names(
        of table: PartitionedTable,
        ranges: [(partition: Partition, range: KeyRange)],
        grid: Grid
    ) -> NamePattern {
        let samples = ranges.filter { $0.range.isFinite }.sorted { $0.range < $1.range }.map {
            (name: ownName(of: $0.partition), lower: grid.timeline.civil(at: $0.range.lower))
        }
        if let inferred = NamePattern.infer(table: table.name.name, samples: samples),
            inferred.isInjective(for: grid.period)
        {
            return inferred
        }
        return .standard(for: grid.period)
    }

    /// The name without what we added because the name that we wanted was taken: that is no part of the pattern.
    static func ownName(of partition: Partition) -> String {
        partition.marker == nil ? partition.name.name : IdentifierName.withoutAlternative(partition.name.name)
    }

    /// A set that nobody has extended for longer than the buffer and three periods is a set nobody uses, unless this
    /// program made one of its partitions: then it is one that we failed to extend.
    private static func dormancy(
        of table: PartitionedTable,
        ranges: [KeyRange],
        policy: GrowthPolicy,
        now: Instant
    ) -> LeftAlone? {
        guard !table.carriesOurMarker, let newest = ranges.map(\.upper).max(), newest != Int64.max else { return nil }
        let (age, overflow) = policy.coordinate(of: now).subtractingReportingOverflow(newest)
        guard !overflow, age > policy.patience else { return nil }
        return LeftAlone(
            .dormant,
            "its newest partition ended \(age / 86_400_000_000) days ago: nobody has extended it for longer than the buffer",
            remedy: "if it is in use, create the partition for today by hand; the next run continues from it"
        )
    }
}
