// SPDX-License-Identifier: Apache-2.0
// Part of partition-cli. See LICENSE and CONTRIBUTING.md.

package import Partitioning

/// A policy file as a value: what it says, and nil where it says nothing.
package struct PolicyDocument: Hashable, Sendable {
    package var database: EnvironmentText?
    package var registry: EnvironmentText?
    package var defaults: PolicySettings
    /// In the order of the file; one at least, and every name once.
    package var tables: [PolicyTable]

    package init(
        database: EnvironmentText? = nil,
        registry: EnvironmentText? = nil,
        defaults: PolicySettings = PolicySettings(),
        tables: [PolicyTable]
    ) {
        self.database = database
        self.registry = registry
        self.defaults = defaults
        self.tables = tables
    }

    /// The buffer of the tables that don't have one of their own: the command line's, else the defaults', else the usual one.
    ///
    /// - Parameter option: what the command line says; nil where it says nothing.
    package func commonBuffer(option: Buffer?) -> Buffer {
        option ?? defaults.buffer?.buffer ?? Buffer(days: PlanSettings.standardBufferDays)
    }

    /// What holds for a table: its own settings, and the defaults where it has none.
    package func settings(for table: PolicyTable) -> PolicySettings {
        PolicySettings(
            buffer: table.settings.buffer ?? defaults.buffer,
            window: table.settings.window ?? defaults.window,
            emergency: table.settings.emergency ?? defaults.emergency,
            timeZone: table.settings.timeZone ?? defaults.timeZone,
            quotaThreshold: table.settings.quotaThreshold ?? defaults.quotaThreshold,
            quotaCapacity: table.settings.quotaCapacity ?? defaults.quotaCapacity
        )
    }
}

/// What can be said for all tables and for each.
package struct PolicySettings: Hashable, Sendable {
    /// How far ahead of now partitions must exist.
    package var buffer: PolicyDuration?
    /// Changes are made at this time of day only, in ``timeZone``.
    package var window: DailyWindow?
    /// With less than this ahead, the window is waived; shorter than the buffer.
    package var emergency: PolicyDuration?
    /// The zone of the bounds, of the window, and of "now" for keys without a zone.
    package var timeZone: ZoneName?
    /// With more of the space used than this, no partitions are made.
    package var quotaThreshold: Percentage?
    /// The space there is, where the server can't be asked.
    package var quotaCapacity: ByteSize?

    package init(
        buffer: PolicyDuration? = nil,
        window: DailyWindow? = nil,
        emergency: PolicyDuration? = nil,
        timeZone: ZoneName? = nil,
        quotaThreshold: Percentage? = nil,
        quotaCapacity: ByteSize? = nil
    ) {
        self.buffer = buffer
        self.window = window
        self.emergency = emergency
        self.timeZone = timeZone
        self.quotaThreshold = quotaThreshold
        self.quotaCapacity = quotaCapacity
    }
}
