// SPDX-License-Identifier: Apache-2.0
// Part of partition-cli. See LICENSE and CONTRIBUTING.md.

package import Partitioning

/// What keeps a run's hands off one table, as a policy or an option has it.
package struct TableGuards: Sendable {
    /// DDL only in these hours; nil for at any time.
    package var window: DailyWindow?
    /// The server's name of the zone whose clocks the window means.
    package var windowTimeZone: String
    /// Below this many days left the window doesn't count; nil for the run's own, ``RunBudget/emergencyDays``.
    package var emergencyDays: Double?
    /// nil for none.
    package var quota: QuotaGuard?

    package init(
        window: DailyWindow? = nil,
        windowTimeZone: String = "UTC",
        emergencyDays: Double? = nil,
        quota: QuotaGuard? = nil
    ) {
        self.window = window
        self.windowTimeZone = windowTimeZone
        self.emergencyDays = emergencyDays
        self.quota = quota
    }
}

/// The guards of a run: what holds for all tables, and what for single ones.
package struct RunGuards: Sendable {
    /// Below this many days left not even lagging standbys stop the creation of partitions: two, or a quarter of the buffer where that is less, since of a
    /// buffer of a day there are never two left.
    static func lagWaiverDays(of policy: GrowthPolicy?) -> Double {
        min(2, policy.map { $0.buffer.days / 4 } ?? 2)
    }

    /// nil where the lag breaker is switched off.
    package var lag: LagLimits?
    package var defaults: TableGuards
    /// Instead of the defaults.
    package var tables: [RelationName: TableGuards]

    package init(
        lag: LagLimits? = nil,
        defaults: TableGuards = TableGuards(),
        tables: [RelationName: TableGuards] = [:]
    ) {
        self.lag = lag
        self.defaults = defaults
        self.tables = tables
    }

    package subscript(table: RelationName) -> TableGuards { tables[table] ?? defaults }

    /// The zones of all windows.
    var windowTimeZones: Set<String> {
        Set(([defaults] + tables.values).filter { $0.window != nil }.map(\.windowTimeZone))
    }
}
