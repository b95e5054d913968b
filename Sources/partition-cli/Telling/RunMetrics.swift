// SPDX-License-Identifier: Apache-2.0
// Part of partition-cli. See LICENSE and CONTRIBUTING.md.

import CoreMetrics
import Logging
import Partitioning
import Provisioning
import Telemetry

/// Counts what happens in a run as it happens, and adds at its end how everything stands.
struct RunMetrics: Sendable {
    /// What a run came to, as far as it got.
    struct Ending: Sendable {
        var status: ExitStatus
        /// nil where the run ended before it had a report.
        var result: RotationResult?
        /// nil where nothing could be read afterwards.
        var reading: TableStanding.Reading?
        /// Seconds since 1970 UTC, by this machine's clock.
        var now: Double
        /// Seconds.
        var duration: Double
    }

    private let factory: PrometheusMetricsFactory
    let database: String

    init(database: String, logger: Logger) {
        self.database = database
        factory = PrometheusMetricsFactory(RunMetric.allCases.map(\.family), logger: logger)
    }

    /// Everything that was counted so far.
    var metrics: MetricSet { factory.metrics }

    // MARK: - While it goes on

    func note(_ event: RunEvent) {
        switch event {
        case .stepFinished(let report):
            guard report.step.isCreation, case .done = report.result else { return }
            counter(.created, report.step.table).increment()
        case .locksTried(let attempt, let table):
            let wait = Timer(label: RunMetric.lockWait.rawValue, dimensions: dimensions(nil), factory: factory)
            wait.recordNanoseconds(Int64(attempt.duration / .nanoseconds(1)))
            if !attempt.isDone { counter(.lockTimeouts, table).increment() }
        default: break
        }
    }

    // MARK: - At its end

    func end(_ ending: Ending) {
        set(.rotateDuration, to: ending.duration)
        set(.rotateLastRun, to: ending.now)
        set(.rotateExitStatus, to: Double(ending.status.code))
        if ending.status == .success { set(.rotateLastSuccess, to: ending.now) }
        setGuards(ending.result)
        var reports: [RelationName: TableReport] = [:]
        for report in ending.result?.report.tables ?? [] { reports[report.table] = report }
        if let reading = ending.reading {
            for standing in reading.tables where standing.plan.policy != nil {
                set(standing, reports[standing.plan.table], now: reading.now)
            }
        } else if let report = ending.result?.report {
            // The run itself read the catalog when it was done.
            for table in report.tables { set(table.coverage, table.policy, of: table.table, now: report.startedAt) }
        }
        for (table, report) in reports where report.policy != nil {
            set(.quotaExceeded, table, to: report.quotaExceeded == nil ? 0 : 1)
            if ending.reading == nil { set(.verificationErrors, table, to: Double(report.findings.wrongs.count)) }
        }
    }

    private func setGuards(_ result: RotationResult?) {
        guard let result else { return }
        if let replication = result.report.replication, replication.maxLagSeconds != nil {
            // It may have closed since it kept a table from being taken care of.
            let isOpen = replication.isOpen || result.report.tables.contains(where: \.wasDeferredByLag)
            set(.circuitOpen, to: isOpen ? 1 : 0)
            if let lag = replication.lagSeconds { set(.replicationLag, to: lag) }
        }
        for measure in result.quotas {
            let used: Double? = if case .known(let ratio, _) = measure.reading { ratio } else { nil }
            set(.quotaUnknown, tablespace: measure.tablespace, to: used == nil ? 1 : 0)
            if let used { set(.quotaUsed, tablespace: measure.tablespace, to: used) }
        }
    }

    private func set(_ standing: TableStanding, _ report: TableReport?, now: Instant) {
        let table = standing.plan.table
        // There from the first run on, so that the first increase is one.
        _ = counter(.created, table)
        _ = counter(.lockTimeouts, table)
        set(standing.plan.coverage, standing.plan.policy, of: table, now: now)
        set(.missingIndexes, table, to: Double(standing.counts.missingIndexes))
        set(.pendingDetach, table, to: Double(standing.counts.pendingDetaches))
        set(.verificationErrors, table, to: Double((standing.findings + (report?.findings ?? [])).wrongs.count))
        if let rows = standing.counts.defaultRows.number { set(.defaultRows, table, to: rows) }
        switch standing.registry {
        case .current(let version):
            set(.registryVersion, table, to: Double(version))
            set(.registryDrift, table, to: 0)
        case .drifted(let version, _), .foreign(let version, _):
            set(.registryVersion, table, to: Double(version))
            set(.registryDrift, table, to: 1)
        case .unpublished: set(.registryDrift, table, to: 1)
        case .unconfigured, .unmanaged, .unreadable: break
        }
    }

    private func set(_ coverage: CoverageReport?, _ policy: GrowthPolicy?, of table: RelationName, now: Instant) {
        guard let coverage, let policy else { return }
        set(.daysRemaining, table, to: coverage.daysRemaining ?? .infinity)
        let end =
            switch coverage.coveredUntil {
            case nil: now.seconds
            case Int64.max?: Double.infinity
            case let end?: policy.instant(at: end).seconds
            }
        set(.coveredUntil, table, to: end)
        set(.gaps, table, to: Double(coverage.missing.count + coverage.gapsInThePast.count))
    }

    // MARK: - Handles

    private func set(_ metric: RunMetric, _ table: RelationName? = nil, to value: Double) {
        Gauge(label: metric.rawValue, dimensions: dimensions(table), factory: factory).record(value)
    }

    private func set(_ metric: RunMetric, tablespace: String, to value: Double) {
        let dimensions = dimensions(nil) + [(RunMetric.tablespace, tablespace)]
        Gauge(label: metric.rawValue, dimensions: dimensions, factory: factory).record(value)
    }

    private func counter(_ metric: RunMetric, _ table: RelationName) -> Counter {
        Counter(label: metric.rawValue, dimensions: dimensions(table), factory: factory)
    }

    private func dimensions(_ table: RelationName?) -> [(String, String)] {
        let ofTable = table.map { [("schema", $0.schema), ("table", $0.name)] } ?? []
        return [(RunMetric.database, database)] + ofTable
    }
}

extension Step {
    fileprivate var isCreation: Bool {
        if case .createPartition = action { true } else { false }
    }
}

extension [Finding] {
    /// What is wrong, each thing once, whoever found it. That days are missing isn't: other metrics say that, and a deferred night is none.
    var wrongs: [Finding] {
        var seen: Set<Finding> = []
        return filter { $0.severity == .error && $0.code != .notCovered && seen.insert($0).inserted }
    }
}

extension TableReport {
    fileprivate var wasDeferredByLag: Bool {
        guardEvents.contains { if case .deferredByLag = $0.action { true } else { false } }
    }
}

extension Instant {
    /// Since 1970 UTC.
    var seconds: Double { Double(microseconds) / 1_000_000 }
}

extension DefaultRows {
    /// nil where there is no default partition, or nothing is known of it.
    var number: Double? {
        switch self {
        case .noDefaultPartition, .unknown: nil
        case .exactly(let count), .estimated(let count): Double(count)
        case .more(let least, let estimate): Double(Swift.max(least + 1, estimate ?? 0))
        }
    }
}
