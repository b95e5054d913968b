// SPDX-License-Identifier: Apache-2.0
// Part of partition-cli. See LICENSE and CONTRIBUTING.md.

/// How one table is kept ahead of demand.
package struct GrowthPolicy: Hashable, Codable, Sendable {
    /// The grid of bounds: period, anchor, and the timeline (zone) in which they lie on local times.
    package var grid: Grid
    /// The zone in which "now" and names are read for keys without one (`date`, `timestamp`), and the grid's own otherwise.
    package var zone: ZoneRules
    package var names: NamePattern
    /// How far ahead of now partitions must exist.
    package var buffer: Buffer

    package init(grid: Grid, zone: ZoneRules, names: NamePattern, buffer: Buffer) {
        self.grid = grid
        self.zone = zone
        self.names = names
        self.buffer = buffer
    }

    /// A moment as a coordinate of the key: civil time in the zone for `date` and `timestamp`.
    package func coordinate(of instant: Instant) -> Int64 {
        switch grid.timeline {
        case .civil: zone.civil(instant).microseconds
        case .zoned: instant.microseconds
        }
    }

    /// The moment that a coordinate of the key stands for.
    package func instant(at coordinate: Int64) -> Instant {
        switch grid.timeline {
        case .civil: zone.instant(CivilDateTime(microseconds: coordinate))
        case .zoned: Instant(microseconds: coordinate)
        }
    }

    /// How long, in microseconds, a set may go without a new partition before nobody seems to use it: the buffer or three
    /// periods, whichever is longer.
    package var patience: Int64 {
        let (periods, longer) = grid.period.approximateMicroseconds.multipliedReportingOverflow(by: 3)
        return max(buffer.minutes < 0 ? 0 : buffer.microseconds ?? Int64.max, longer ? Int64.max : periods)
    }

    /// The local time that a coordinate of the key stands for, as names show it.
    package func civil(_ coordinate: Int64) -> CivilDateTime {
        switch grid.timeline {
        case .civil: CivilDateTime(microseconds: coordinate)
        case .zoned(let rules): rules.civil(Instant(microseconds: coordinate))
        }
    }

    /// The range in which partitions must exist at `now`: from the cell that holds now to the one that holds now + buffer,
    /// whole cells; nil where PostgreSQL's time ends before that.
    package func requiredRange(now: Instant) -> KeyRange? {
        guard let ahead = buffer.microseconds else { return nil }
        let (end, late) = now.microseconds.addingReportingOverflow(ahead)
        guard !late else { return nil }
        let first = grid.index(containing: coordinate(of: now))
        let last = grid.index(containing: coordinate(of: Instant(microseconds: end)))
        guard let lower = grid.boundary(first), let upper = grid.boundary(last + 1) else { return nil }
        return KeyRange(lower: lower, upper: upper)
    }
}

/// What a caller may set for all tables, before a table's own policy.
package struct PlanSettings: Hashable, Codable, Sendable {
    /// The pattern's recommendation, in days.
    package static let standardBufferDays = 60

    /// How far ahead partitions must exist, in days; 1 or more.
    package var bufferDays: Int
    /// The zone whose midnights are bounds, where the bounds themselves don't say; nil to infer it.
    package var timeZone: String?
    /// nil for every partitioned table, or every declared one.
    package var tables: Set<RelationName>?
    /// What a policy file says: only these tables are looked after, and nothing is inferred. nil without one.
    package var declared: [DeclaredPolicy]?
    /// More steps than this for one table are left to the next run, and said.
    package var stepsPerTable: Int
    /// More steps than this for all tables are left to the next run, and said.
    package var stepsPerRun: Int

    package init(
        bufferDays: Int = PlanSettings.standardBufferDays,
        timeZone: String? = nil,
        tables: Set<RelationName>? = nil,
        declared: [DeclaredPolicy]? = nil,
        stepsPerTable: Int = 500,
        stepsPerRun: Int = 20_000
    ) {
        self.bufferDays = bufferDays
        self.timeZone = timeZone
        self.tables = tables
        self.declared = declared
        self.stepsPerTable = stepsPerTable
        self.stepsPerRun = stepsPerRun
    }
}

extension PlanSettings {
    /// The declared policies of the tables that this is about; nil without a policy file.
    package var wanted: [DeclaredPolicy]? {
        declared?.filter { policy in tables?.contains(policy.table) ?? true }
    }

    /// The longest buffer of any table, in days, rounded up.
    package var longestBuffer: Int {
        declared.map { $0.map(\.buffer.wholeDays).max() ?? 0 } ?? bufferDays
    }

    /// Whether a table is to be planned at all.
    func covers(_ table: RelationName) -> Bool {
        if let tables, !tables.contains(table) { return false }
        return declared?.contains { $0.table == table } ?? true
    }
}

/// Why a table is left as it is.
package struct LeftAlone: Hashable, Codable, Sendable, Error {
    package enum Reason: String, Hashable, Codable, Sendable {
        /// A kind of partitioning that isn't grown: list, hash, several key columns, integer keys, partitions of partitions.
        case kind
        case extensionMember
        case maintainedByPartman
        case notOwned
        case unreadableBound
        /// The grid can't be read off the partitions that exist.
        case notInferable
        /// The bounds fit several time zones, which differ within the planned range.
        case ambiguousZone
        /// Nobody has extended it for longer than the buffer and three periods.
        case dormant
        /// The policy file says something of it that isn't so.
        case policyMismatch
        /// The policy file lists it, and it isn't there.
        case notFound
    }

    package var reason: Reason
    /// One sentence: what, and why.
    package var explanation: String
    /// What to do about it, where something can be done.
    package var remedy: String?

    package init(_ reason: Reason, _ explanation: String, remedy: String? = nil) {
        self.reason = reason
        self.explanation = explanation
        self.remedy = remedy
    }
}
