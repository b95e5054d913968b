// SPDX-License-Identifier: Apache-2.0
// Part of partition-cli. See LICENSE and CONTRIBUTING.md.

import PartitionRegistryPostgres
import Partitioning
import Provisioning

/// What `status` shows.
struct StatusResult {
    var inspection: Inspection.Result<DefaultRows>
    var lastRun: LastRun

    /// - Parameter isWhole: nothing is folded.
    func page(isWhole: Bool) -> Page { StatusPage(result: self, isWhole: isWhole).page }

    /// As PostgreSQL writes it, such as `15.18`.
    var serverVersion: String { Self.version(inspection.server.version) }

    private static func version(_ number: Int) -> String { "\(number / 10_000).\(number % 10_000)" }

    struct View: Encodable {
        struct Table: Encodable {
            var table: NameView
            @Nullable var leftAlone: LeftAloneView?
            @Nullable var policy: PolicyView?
            @Nullable var coverage: CoverageView?
            var partitions: Int
            @Nullable var defaultRows: DefaultRowsView?
            var registry: StandingView
        }

        let schemaVersion = 1
        let command = "status"
        let exitStatus: Int32 = 0
        var database: String
        var now: String
        var serverVersion: String
        var isStandby: Bool
        @Nullable var policyFile: String?
        var registry: RegistryView
        /// Of `rotate`; nil where none is known.
        @Nullable var lastRun: LastRunView?
        var tables: [Table]
        /// Published maps of tables that are not among these: dropped, renamed, or not in the policy file.
        var otherMaps: [OtherMap]
    }

    struct OtherMap: Encodable {
        var table: NameView
        var registry: StandingView
    }

    /// Published maps that no policy looks after and that aren't what the catalog says.
    var driftedMaps: [UnattendedMap] {
        (inspection.tables.compactMap(\.unattended) + inspection.others.maps)
            .filter { $0.finding(registry: inspection.registry.name) != nil }
    }

    var view: View {
        View(
            database: inspection.server.database,
            now: inspection.server.now.description,
            serverVersion: serverVersion,
            isStandby: inspection.server.isInRecovery,
            policyFile: inspection.policyFile,
            registry: RegistryView(inspection.registry),
            lastRun: LastRunView(lastRun),
            tables: inspection.tables.map { table in
                View.Table(
                    table: NameView(table.plan.table),
                    leftAlone: table.plan.leftAlone.map(LeftAloneView.init),
                    policy: table.plan.policy.map(PolicyView.init),
                    coverage: table.plan.coverage.map(CoverageView.init),
                    partitions: table.partitions.count,
                    defaultRows: table.extra.flatMap(DefaultRowsView.init),
                    registry: StandingView(table.standing)
                )
            },
            otherMaps: inspection.others.maps.filter { !$0.isWithdrawn }.map {
                OtherMap(table: NameView($0.table), registry: StandingView($0.standing))
            }
        )
    }
}

/// The last run, for programs.
struct LastRunView: Encodable {
    var command: String
    var startedAt: String
    var durationSeconds: Double
    var exitStatus: Int

    init?(_ last: LastRun) {
        guard case .run(let run) = last else { return nil }
        command = run.command
        startedAt = Instant(microseconds: run.startedAt).description
        durationSeconds = (Double(run.finishedAt - run.startedAt) / 1000).rounded() / 1000
        exitStatus = run.exitStatus
    }
}

/// The rows of a default partition, for programs.
struct DefaultRowsView: Encodable {
    /// nil where they were not counted to the end.
    @Nullable var exact: Int64?
    @Nullable var atLeast: Int64?
    @Nullable var estimate: Int64?

    init?(_ rows: DefaultRows) {
        switch rows {
        case .noDefaultPartition: return nil
        case .exactly(let count): (exact, atLeast, estimate) = (count, count, nil)
        case .more(let least, let estimated): (exact, atLeast, estimate) = (nil, least + 1, estimated)
        case .estimated(let count): (exact, atLeast, estimate) = (nil, nil, count)
        case .unknown: (exact, atLeast, estimate) = (nil, nil, nil)
        }
    }
}

extension DefaultRows {
    /// One cell of a table.
    var words: String {
        switch self {
        case .noDefaultPartition: "-"
        case .exactly(let count): "\(count)"
        case .more(_, let estimate?), .estimated(let estimate): "about \(estimate)"
        case .more(let least, nil): "more than \(least)"
        case .unknown(let why): "unknown (\(why))"
        }
    }
}
