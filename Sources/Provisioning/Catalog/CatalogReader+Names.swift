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
        let policies = Dictionary(plan.tables.map { ($0.oid, $0.policy) }, uniquingKeysWith: { first, _ in first })
        guard !parents.isEmpty else { return [:] }
        var occupants: [RelationName: NameOccupant] = [:]
        let check = AdoptionCheck(connection: session.connection)
        for found in try await check.occupants(of: parents.keys.sorted()) {
            var obstacle = found.obstacle
            if obstacle == nil, let parent = snapshot.tables.first(where: { $0.oid == parents[found.name] }) {
                let today = (policies[parent.oid] ?? nil)?.coordinate(of: snapshot.server.now)
                obstacle = try await self.obstacle(to: found, as: parent, today: today, check)
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
        today: Int64?,
        _ check: AdoptionCheck
    ) async throws(PostgresError) -> String? {
        let reader = PropertyReader(connection: session.connection)
        let (own, model): (RelationProperties?, RelationProperties?)
        do {
            own = try await reader.properties(of: [found.oid])[found.oid]
            model = try await reader.expectedOfPartition(of: parent, today: today)
        } catch {
            guard error.kind == .server, error.sqlState == .lockNotAvailable else { throw error }
            return "whether it has the definition of \(parent.name) can't be seen while one of them is locked"
        }
        guard let own, let model else { return "it is changing" }
        return try await check.obstacle(in: own, as: model)
    }
}
