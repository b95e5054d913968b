// SPDX-License-Identifier: Apache-2.0
// Part of partition-cli. See LICENSE and CONTRIBUTING.md.

import ArgumentParser
import Partitioning
import PolicyFile
import Provisioning

/// When a run keeps its hands off, besides the quota: hours of the day, and standbys that lag.
struct GuardOptions: ParsableArguments, Sendable {
    @Option(
        parsing: .unconditional,
        help: ArgumentHelp(
            """
            Wait while a standby is further behind than this, 100ms to 1h, and defer what can't wait any longer; none \
            switches it off. (default: 5s)
            """,
            valueName: "duration"
        ),
        transform: Transform.limit(Transform.duration)
    )
    var maxLag: Limit<Duration> = .value(.seconds(5))

    @Option(
        parsing: .unconditional,
        help: ArgumentHelp(
            "The same for a logical slot with more than this to confirm, 1MB to 16TiB. (default: 256MiB)",
            valueName: "bytes"
        ),
        transform: Transform.slotLag
    )
    var maxSlotLag: Int64 = 256 << 20

    @Option(
        name: .customLong("expect-standby"),
        help: ArgumentHelp(
            "A standby, by its application_name, that must be connected: one that isn't counts as lag; may be given several times.",
            valueName: "name"
        ),
        transform: Transform.nonEmpty
    )
    var expectedStandbys: [String] = []

    @Option(
        name: .customLong("ignore-standby"),
        help: ArgumentHelp(
            "A standby that is never waited for, such as one that replays late on purpose; may be given several times.",
            valueName: "name"
        ),
        transform: Transform.nonEmpty
    )
    var ignoredStandbys: [String] = []

    @Option(
        help: ArgumentHelp(
            "Change tables only in these hours, such as 02:00-05:00 or 22:00-04:00.",
            valueName: "hours"
        ),
        transform: Transform.window
    )
    var window: DailyWindow?

    @Option(
        help: ArgumentHelp(
            "The zone whose clocks --window means; a name of pg_timezone_names. (default: UTC)",
            valueName: "zone"
        ),
        transform: Transform.nonEmpty
    )
    var windowTimezone: String?

    @Option(
        parsing: .unconditional,
        help: ArgumentHelp(
            """
            Below this many days of partitions left the window doesn't count, and locks may be tried for longer: 0 to 3649, \
            less than --buffer-days. (default: 14, or a quarter of --buffer-days if that is less)
            """,
            valueName: "days"
        ),
        transform: Transform.number(0...3649, of: "days")
    )
    var emergencyDays: Int?

    func validate() throws {
        if windowTimezone != nil, window == nil {
            throw ValidationError("--window-timezone needs --window, the hours that it is the zone of.")
        }
        if maxLag == .off, !expectedStandbys.isEmpty {
            throw ValidationError("--expect-standby needs the lag breaker, which --max-lag switches off.")
        }
        if let name = Set(expectedStandbys).intersection(ignoredStandbys).min() {
            throw ValidationError("--expect-standby and --ignore-standby both name \(name).")
        }
    }

    /// - Throws: ``CommandFailure`` of status `usage`.
    func emergency(in scope: Scope) throws(CommandFailure) -> Scope {
        guard let emergencyDays else { return scope }
        guard emergencyDays < scope.bufferDays else {
            throw CommandFailure(
                .usage,
                "--emergency-days=\(emergencyDays) is not less than --buffer-days=\(scope.bufferDays): every day would be an emergency",
                remedy: "give fewer days, or leave it out for 14 days or a quarter of the buffer"
            )
        }
        var scope = scope
        scope.emergency = Double(emergencyDays)
        return scope
    }

    /// What a table's own policy says comes first, then the options, then the policy file's defaults.
    ///
    /// - Throws: ``CommandFailure`` of status `usage` for a quota whose Prometheus can't be asked.
    func guards(
        _ scope: Scope,
        _ policy: ParsedPolicy?,
        _ quota: QuotaOptions,
        _ environment: [String: String]
    ) throws(CommandFailure) -> RunGuards {
        let query = try quota.query(environment, policy)
        let defaults = policy?.document.defaults ?? PolicySettings()
        var tables: [RelationName: TableGuards] = [:]
        for table in policy?.document.tables ?? [] {
            tables[table.name] = guards(of: table.settings, defaults, scope) { quota.guardian($0, defaults, query) }
        }
        return RunGuards(
            lag: maxLag.value.map { limit in
                LagLimits(
                    opensAbove: limit,
                    slotOpensAbove: maxSlotLag,
                    expectedStandbys: Set(expectedStandbys),
                    ignoredStandbys: Set(ignoredStandbys)
                )
            },
            defaults: TableGuards(
                window: window ?? defaults.window,
                windowTimeZone: windowTimezone ?? defaults.timeZone?.text ?? "UTC",
                quota: quota.guardian(nil, defaults, query)
            ),
            tables: tables
        )
    }

    private func guards(
        of own: PolicySettings,
        _ defaults: PolicySettings,
        _ scope: Scope,
        quota: (PolicySettings) -> QuotaGuard?
    ) -> TableGuards {
        let zone = own.timeZone?.text ?? scope.timeZone ?? defaults.timeZone?.text ?? "UTC"
        let isByOption = own.window == nil && window != nil
        let buffer = own.buffer?.buffer.days ?? Double(scope.bufferDays)
        let days = own.emergency?.days ?? emergencyDays.map(Double.init) ?? defaults.emergency?.days
        return TableGuards(
            window: own.window ?? window ?? defaults.window,
            windowTimeZone: isByOption ? windowTimezone ?? zone : zone,
            // What an option said for all, and meant for longer buffers, would make every day of a short one an emergency.
            emergencyDays: days.flatMap { $0 < buffer ? $0 : nil } ?? min(14, buffer / 4),
            quota: quota(own)
        )
    }
}

extension PolicyDuration {
    /// In days of 24 hours, a month being a twelfth of 365.2425 of them.
    var days: Double { Double(approximateSeconds) / 86_400 }
}

/// A limit that may be switched off.
enum Limit<Value: Hashable & Sendable>: Hashable, Sendable {
    case off
    case value(Value)

    var value: Value? {
        if case .value(let value) = self { value } else { nil }
    }
}
