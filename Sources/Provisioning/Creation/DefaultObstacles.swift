// SPDX-License-Identifier: Apache-2.0
// Part of partition-cli. See LICENSE and CONTRIBUTING.md.

import LibPQ
package import Logging
package import Partitioning

/// Rows of a default partition that stand in the way of partitions to come, looked for without changing anything.
package struct DefaultObstacles: Sendable {
    /// For one table; a run itself looks for as long as it takes.
    private static let patience: Duration = .seconds(2)

    let session: DatabaseSession
    let logger: Logger

    package init(session: DatabaseSession, logger: Logger) {
        self.session = session
        self.logger = logger
    }

    package struct Obstacle: Hashable, Sendable {
        package var creation: PartitionCreation
        package var finding: Finding
    }

    /// The steps among these that can't be done for the rows in the way. None where that can't be seen: within 2 s, with this role's
    /// privileges, past somebody's lock.
    ///
    /// - Throws: `PostgresError` where the connection is lost.
    package func look(at table: PartitionedTable, for steps: [Step]) async throws -> [Obstacle] {
        let creations = steps.compactMap(\.creation)
        guard !creations.isEmpty, let partition = table.defaultPartition, let key = table.key.first else { return [] }
        let shield = DefaultShield(
            connection: session.connection,
            defaultPartition: partition,
            key: key,
            ladder: .standard,
            onlineDeadline: .now + Self.patience,
            logger: logger
        )
        do {
            return try await shield.occupied(creations).map { creation in
                Obstacle(creation: creation, finding: Self.finding(creation, in: partition, of: table))
            }
        } catch is OnlineTimeout {
            return []
        } catch let error as PostgresError {
            let isUnseen =
                [.insufficientPrivilege, .queryCanceled, .lockNotAvailable].contains(error.sqlState)
                && error.kind != .cancelled
            guard isUnseen else { throw error }
            return []
        }
    }

    static func finding(
        _ creation: PartitionCreation,
        in partition: Partition,
        of table: PartitionedTable
    ) -> Finding {
        Finding(
            .error,
            .rowsInDefault,
            table: table.name,
            object: partition.name.description,
            "the default partition \(partition.name) holds rows from \(creation.lowerBound) "
                + "to \(creation.upperBound), so the partition for them can't be attached",
            remedy: "move these rows out of the default partition first; draining is not built yet"
        )
    }
}
