// SPDX-License-Identifier: Apache-2.0
// Part of partition-cli. See LICENSE and CONTRIBUTING.md.

package import LibPQ
package import Partitioning

/// Compares partitions with what their parent and siblings ask of them, property by property.
package struct Verifier: Sendable {
    let session: DatabaseSession

    package init(session: DatabaseSession) {
        self.session = session
    }

    /// Differences of the partitions named.
    ///
    /// - Parameters:
    ///   - partitions: of this table, by their oid.
    ///   - expected: what they were made to be, where known; otherwise read from parent and newest sibling.
    package func findings(
        in table: PartitionedTable,
        partitions: [UInt32],
        expected: RelationProperties? = nil
    ) async throws(PostgresError) -> [Finding] {
        guard !partitions.isEmpty else { return [] }
        let siblings = partitions.compactMap { table.sibling(otherThan: $0)?.oid }
        let properties = try await PropertyReader(connection: session.connection)
            .properties(of: [table.oid] + siblings + partitions)
        guard let parent = properties[table.oid] else { return [] }
        var findings: [Finding] = []
        for oid in partitions {
            guard let actual = properties[oid] else { continue }
            let sibling = table.sibling(otherThan: oid).flatMap { properties[$0.oid] }
            let target = expected ?? parent.expectedOfPartition(like: sibling ?? actual)
            findings += actual.differences(from: target).map { difference in
                Finding(
                    .error,
                    .propertyDrift,
                    table: table.name,
                    object: actual.name.description,
                    "\(actual.name) differs from its \(expected == nil ? "parent or sibling" : "model") in \(difference.property): "
                        + "it is \(difference.actual), and should be \(difference.expected)",
                    remedy: "change it with ALTER TABLE or GRANT, or change the parent"
                )
            }
        }
        return findings
    }

    /// Differences of every partition of the table that this program made and that isn't wholly in the past: old partitions are moved, packed
    /// and closed on purpose.
    package func findings(
        in table: PartitionedTable,
        policy: GrowthPolicy,
        now: Instant
    ) async throws(PostgresError) -> [Finding] {
        let today = policy.coordinate(of: now)
        let ours = PolicyInference.ranges(of: table)
            .filter { $0.partition.marker != nil && $0.partition.kind == .table && $0.range.upper > today }
            .map(\.partition.oid)
        return try await findings(in: table, partitions: ours)
    }
}
