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
            Wait while a standby is further behind than this, 100ms to 1h and shorter than --deadline, and defer what can't \
            wait any longer; none switches it off. (default: 5s)
            """,
            valueName: "duration"
        ),
        transform: Transform.limit(Transform.duration)
    )
    var maxLag: Limit<Duration>?

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
            less than the buffer. (default: 14, or a quarter of the buffer if that is less)
            """,
            valueName: "days"
        ),
        transform: Transform.number(0...3649, of: "days")
    )
    var emergencyDays: Int?

    private var lagLimit: Limit<Duration> { maxLag ?? .value(.seconds(5)) }

    func validate() throws {
        if windowTimezone != nil, window == nil {
            throw ValidationError("--window-timezone needs --window, the hours that it is the zone of.")
        }
        if lagLimit == .off, !expectedStandbys.isEmpty {
            throw ValidationError("--expect-standby needs the lag breaker, which --max-lag switches off.")
        }
        if let name = Set(expectedStandbys).intersection(ignoredStandbys).min() {
            throw ValidationError("--expect-standby and --ignore-standby both name \(name).")
        }
    }

    /// How far behind a standby is can only be told by waiting for as long.
    ///
    /// - Throws: `ValidationError` where somebody asks for a limit that would take the whole run.
    func check(within run: RunOptions) throws {
        guard let limit = maxLag?.value, limit >= .seconds(run.deadline) else { return }
        throw ValidationError(
            "--max-lag is not shorter than --deadline=\(run.deadline): the run would be over before it is known "
                + "whether a standby is that far behind. Give less, or --max-lag=none."
        )
    }

    /// - Parameter policy: tables whose own emergency it says have nothing of the option.
    /// - Throws: ``CommandFailure`` of status `usage` for an emergency that would never end, with the place of each table whose buffer is
    ///   no longer.
    func emergency(in scope: Scope, _ policy: ParsedPolicy?) throws(CommandFailure) -> Scope {
        guard let emergencyDays else { return scope }
        let option = "--emergency-days=\(emergencyDays) is not less than"
        let consequence = "every day would be an emergency"
        if let declared = scope.declared {
            let own = Set(policy?.document.tables.filter { $0.settings.emergency != nil }.map(\.name) ?? [])
            let short = declared.filter { $0.buffer.days <= Double(emergencyDays) && !own.contains($0.table) }.map {
                table in
                "\(table.places.table): \(option) the buffer of \(table.table), which is \(table.buffer): \(consequence)"
            }
            if let first = short.first {
                var failure = CommandFailure(
                    .usage,
                    first,
                    remedy:
                        "give fewer days, or write an \"emergency\" for a table with a short buffer into the policy file"
                )
                failure.others = Array(short.dropFirst())
                failure.shownOthers = 9
                throw failure
            }
        } else if emergencyDays >= scope.bufferDays {
            throw CommandFailure(
                .usage,
                "\(option) --buffer-days=\(scope.bufferDays): \(consequence)",
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
        let buffers = scope.declaredBuffers
        var tables: [RelationName: TableGuards] = [:]
        for table in policy?.document.tables ?? [] {
            let buffer = buffers[table.name] ?? Buffer(days: scope.bufferDays)
            tables[table.name] = guards(of: table.settings, defaults, scope, buffer) {
                quota.guardian($0, defaults, query)
            }
        }
        return RunGuards(
            lag: lagLimit.value.map { limit in
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
        _ buffer: Buffer,
        quota: (PolicySettings) -> QuotaGuard?
    ) -> TableGuards {
        let zone = own.timeZone?.text ?? scope.timeZone ?? defaults.timeZone?.text ?? "UTC"
        let isByOption = own.window == nil && window != nil
        let days = own.emergency?.days ?? emergencyDays.map(Double.init) ?? defaults.emergency?.days
        return TableGuards(
            window: own.window ?? window ?? defaults.window,
            windowTimeZone: isByOption ? windowTimezone ?? zone : zone,
            // One that is no shorter than the buffer has been refused.
            emergencyDays: days ?? min(14, buffer.days / 4),
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
