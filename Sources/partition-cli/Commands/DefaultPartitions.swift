// SPDX-License-Identifier: Apache-2.0
// Part of partition-cli. See LICENSE and CONTRIBUTING.md.

import LibPQ
import Partitioning
import Provisioning

/// Looks for rows in default partitions.
struct DefaultPartitions: Sendable {
    let session: DatabaseSession

    /// For all of them together; what is left then is said.
    private static let patience: Duration = .seconds(30)

    /// - Throws: `CancellationError`, or `PostgresError` of kind `cancelled`, where the task was cancelled; nothing else.
    func hazards(in observation: Observation) async throws -> [Hazard] {
        let planned = Set(observation.plan.tables.map(\.oid))
        let end = ContinuousClock.now + Self.patience
        var hazards: [Hazard] = []
        for table in observation.snapshot.tables where planned.contains(table.oid) {
            guard let partition = table.defaultPartition, partition.kind == .table, await session.connection.isOpen
            else {
                continue
            }
            guard .now < end else {
                hazards.append(
                    Self.unseen(partition.name, table.name, "the time for all of them is used up", .warning)
                )
                break
            }
            do {
                let rows = try await DefaultRows.count(in: table, session)
                if let hazard = Self.hazard(of: rows, table.name, partition.name) { hazards.append(hazard) }
            } catch {
                if Task.isCancelled { throw error }
                hazards.append(Self.unseen(partition.name, table.name, CommandFailure(error).message, .warning))
            }
        }
        return hazards
    }

    private static func hazard(of rows: DefaultRows, _ table: RelationName, _ partition: RelationName) -> Hazard? {
        switch rows {
        case .noDefaultPartition, .exactly(0), .estimated(0): nil
        case .exactly, .more, .estimated:
            Hazard(
                .warning,
                .rowsInDefault,
                table: table,
                object: partition.description,
                "the default partition \(partition) holds rows",
                evidence: ["\(rows.words) rows"],
                remedy: "see which ranges they are of; move them into partitions of their own in a quiet hour, "
                    + "and look for the writer or the missed run that put them there"
            )
        case .unknown(let why): unseen(partition, table, why, .note)
        }
    }

    private static func unseen(
        _ partition: RelationName,
        _ table: RelationName,
        _ why: String,
        _ severity: Finding.Severity
    ) -> Hazard {
        Hazard(
            severity,
            .notExamined,
            table: table,
            object: partition.description,
            "whether the default partition \(partition) holds rows can't be seen: \(why)",
            remedy: "GRANT SELECT ON \(partition) TO this role where it lacks that; else run doctor again"
        )
    }
}
