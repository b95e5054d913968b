// SPDX-License-Identifier: Apache-2.0
// Part of partition-cli. See LICENSE and CONTRIBUTING.md.

package import LibPQ
package import Partitioning

extension CatalogReader {
    /// Which of the wanted names are taken, and whether what stands there could become the partition.
    ///
    /// A table may be adopted when it is an ordinary, empty table of ours, attached to nothing, with the parent's definition:
    /// what an interrupted run left, or what somebody prepared by hand. Rows would make an adoption a decision about data.
    ///
    /// - Parameters:
    ///   - plan: its names are to be checked.
    ///   - snapshot: what the plan was made from.
    /// - Throws: `PostgresError`.
    package func occupants(
        of plan: Plan,
        in snapshot: CatalogSnapshot
    ) async throws(PostgresError) -> [RelationName: NameOccupant] {
        var parents: [RelationName: UInt32] = [:]
        for step in plan.steps {
            if case .createPartition(let creation) = step.action { parents[creation.name] = step.tableOID }
        }
        guard !parents.isEmpty else { return [:] }
        var occupants: [RelationName: NameOccupant] = [:]
        let check = AdoptionCheck(connection: session.connection)
        for found in try await check.occupants(of: parents.keys.sorted()) {
            var obstacle = found.obstacle
            if obstacle == nil, let parent = snapshot.tables.first(where: { $0.oid == parents[found.name] }) {
                obstacle = try await self.obstacle(to: found, as: parent, check)
            }
            occupants[found.name] = NameOccupant(
                name: found.name,
                oid: found.oid,
                adoptable: obstacle.map { .no($0) } ?? .yes
            )
        }
        return occupants
    }

    private func obstacle(
        to found: AdoptionCheck.Occupant,
        as parent: PartitionedTable,
        _ check: AdoptionCheck
    ) async throws(PostgresError) -> String? {
        let sibling = parent.newestSibling?.oid
        let properties: [UInt32: RelationProperties]
        do {
            properties = try await PropertyReader(connection: session.connection)
                .properties(of: [found.oid, parent.oid] + [sibling].compactMap { $0 })
        } catch {
            guard error.kind == .server, error.sqlState == .lockNotAvailable else { throw error }
            return "whether it has the definition of \(parent.name) can't be seen while one of them is locked"
        }
        guard let own = properties[found.oid], let model = properties[parent.oid] else { return "it is changing" }
        return try await check.obstacle(
            in: own,
            as: model.expectedOfPartition(like: sibling.flatMap { properties[$0] })
        )
    }
}
