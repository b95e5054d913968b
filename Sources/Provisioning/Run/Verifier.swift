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

    /// Differences of the partitions named from what they were made to be.
    ///
    /// - Parameter partitions: of this table, by their oid.
    package func findings(
        in table: PartitionedTable,
        partitions: [UInt32],
        expected: RelationProperties
    ) async throws(PostgresError) -> [Finding] {
        guard !partitions.isEmpty else { return [] }
        let properties = try await PropertyReader(connection: session.connection).properties(of: partitions)
        return partitions.compactMap { properties[$0] }.flatMap { Self.findings(of: $0, in: table, expected) }
    }

    /// Differences of every partition of the table that this program made and that isn't wholly in the past: old partitions are moved, packed
    /// and closed on purpose. What they must be like the parent says, and where it can't, most of them.
    package func findings(
        in table: PartitionedTable,
        policy: GrowthPolicy,
        now: Instant
    ) async throws(PostgresError) -> [Finding] {
        let today = policy.coordinate(of: now)
        let current = table.current(today: today)
        let ours = current.filter { $0.marker != nil }
        guard !ours.isEmpty else { return [] }
        let properties = try await PropertyReader(connection: session.connection)
            .properties(of: [table.oid] + current.map(\.oid))
        guard let parent = properties[table.oid] else { return [] }
        let expected = parent.expectedOfPartition(likeMostOf: current.compactMap { properties[$0.oid] })
        return ours.compactMap { properties[$0.oid] }.flatMap { Self.findings(of: $0, in: table, expected) }
    }

    private static func findings(
        of actual: RelationProperties,
        in table: PartitionedTable,
        _ expected: RelationProperties
    ) -> [Finding] {
        actual.differences(from: expected).map { difference in
            Finding(
                .error,
                .propertyDrift,
                table: table.name,
                object: actual.name.description,
                "\(actual.name) differs from its parent or siblings in \(difference.property): "
                    + "it is \(difference.actual), and should be \(difference.expected)",
                remedy: difference.expected == "none"
                    ? "drop it there, or give it to the parent too"
                    : "change it with ALTER TABLE or GRANT, or change the parent"
            )
        }
    }
}
