// SPDX-License-Identifier: Apache-2.0
// Part of partition-cli. See LICENSE and CONTRIBUTING.md.

import Logging
package import PartitionMap
import PartitionRouter
package import Partitioning

/// Maps that this database published once and that no policy looks after now: their table was dropped, renamed, taken out of the policy file, or
/// is left alone. Routers find the header as it was, and take the map for fresh.
extension Publisher {
    /// Tables of which there may be such a map: the ones that the settings name, else all that the registry lists.
    func unattended(besides managed: Set<RelationName>, _ errand: Errand) async -> Set<RelationName> {
        if let named = errand.settings.tables { return named.subtracting(managed) }
        do throws(RegistryError) {
            let entities = try await errand.registry.entities()
            return Set(entities.map { RelationName(schema: $0.schema, name: $0.table) }).subtracting(managed)
        } catch {
            // Where nothing was ever published nothing is left.
            if error.code != .notInstalled, error.code != .cancelled {
                logger.warning(
                    "the registry's maps could not be listed: one of a table that is gone, or not looked after, stays as it is",
                    metadata: ["reason": "\(error.message)"]
                )
            }
            return []
        }
    }

    /// What is stored of a table, if this very database published it; of others no more than the header is read.
    ///
    /// - Returns: nil for nothing, another database's map, and a header that nobody may read, or can.
    func loadOwn(
        _ entity: EntityName,
        of server: ServerFacts,
        from registry: LimitedRegistry
    ) async throws(RegistryError) -> Stored? {
        do {
            guard let header = try await registry.load(entity, .header, expecting: nil)?.header,
                header.isPublished(by: server)
            else { return nil }
        } catch {
            guard error.isOfWholeRegistry else { return nil }
            throw error
        }
        return try await load(entity, expecting: nil, from: registry)
    }
}

extension PartitionMapHeader {
    /// Whether the map is of this very database: where the role may not know the cluster, none is.
    package func isPublished(by server: ServerFacts) -> Bool {
        systemIdentifier == server.systemIdentifier && database.utf8.elementsEqual(server.database.utf8)
    }
}
