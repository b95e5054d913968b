// SPDX-License-Identifier: Apache-2.0
// Part of partition-cli. See LICENSE and CONTRIBUTING.md.

import Telemetry

/// Every metric of a run; docs/metrics.md is the contract.
enum RunMetric: String, CaseIterable {
    case daysRemaining = "days_of_partitions_remaining"
    case coveredUntil = "partition_covered_until_timestamp_seconds"
    case defaultRows = "partition_default_rows"
    case missingIndexes = "partition_missing_indexes"
    case gaps = "partition_gaps"
    case pendingDetach = "partition_pending_detach"
    case verificationErrors = "partition_verification_errors"
    case registryVersion = "partition_registry_version"
    case registryDrift = "partition_registry_drift"
    case quotaExceeded = "partition_quota_exceeded"
    case quotaUsed = "partition_quota_used_ratio"
    case quotaUnknown = "partition_quota_unknown"
    case replicationLag = "partition_replication_lag_seconds"
    case circuitOpen = "partition_circuit_open"
    case created = "partition_created_total"
    case lockTimeouts = "partition_lock_timeouts_total"
    case lockWait = "partition_lock_wait_seconds"
    case rotateDuration = "partition_rotate_duration_seconds"
    case rotateLastRun = "partition_rotate_last_run_timestamp_seconds"
    case rotateLastSuccess = "partition_rotate_last_success_timestamp_seconds"
    case rotateExitStatus = "partition_rotate_exit_status"

    /// Of every series: a machine's node_exporter reads the files of several databases.
    static let database = "database"
    static let ofTable = [database, "schema", "table"]
    static let tablespace = "tablespace"

    var family: MetricFamily { MetricFamily(rawValue, kind, labels: labels, help: help) }

    private var labels: [String] {
        switch self {
        case .replicationLag, .circuitOpen, .lockWait, .rotateDuration, .rotateLastRun, .rotateLastSuccess,
            .rotateExitStatus:
            [Self.database]
        case .quotaUsed, .quotaUnknown: [Self.database, Self.tablespace]
        default: Self.ofTable
        }
    }

    private var kind: MetricFamily.Kind {
        switch self {
        case .created, .lockTimeouts: .counter
        // The rungs of the ladder, and what is around them.
        case .lockWait: .histogram(buckets: [0.005, 0.01, 0.025, 0.05, 0.1, 0.2, 0.5, 1, 2, 5])
        default: .gauge
        }
    }

    private var help: String {
        switch self {
        case .daysRemaining: "Days from the last run to the first moment without a partition."
        case .coveredUntil: "The first moment from the last run on that no partition holds."
        case .defaultRows: "Rows in the default partition; where there are many an estimate."
        case .missingIndexes: "Indexes of the table that a partition lacks or has as an invalid one."
        case .gaps: "Ranges without a partition, in the past or inside the buffer."
        case .pendingDetach: "Partitions whose detach was begun and not completed."
        case .verificationErrors: "What was found wrong with the table when the run was over."
        case .registryVersion: "Version of the published partition map."
        case .registryDrift: "1 where the published partition map isn't what the catalog says."
        case .quotaExceeded: "1 where the last run created nothing because the space is used up."
        case .quotaUsed: "Used share of the tablespace's space, from 0 to 1."
        case .quotaUnknown: "1 where the last run could not find out how full the tablespace's space is."
        case .replicationLag: "Lag of the standby that was furthest behind when the run last looked."
        case .circuitOpen: "1 where the lag breaker kept the last run from a table, or was open when it last looked."
        case .created: "Partitions created."
        case .lockTimeouts: "Times that a lock was asked for and not had within its budget."
        case .lockWait:
            "From asking for a change's locks to having made it or given up; nobody waited behind it for longer."
        case .rotateDuration: "How long the last run took."
        case .rotateLastRun: "When the last run ended, however it did."
        case .rotateLastSuccess: "When the last run ended that left every table covered and published."
        case .rotateExitStatus: "What the last run's process exited with."
        }
    }
}
