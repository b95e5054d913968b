// SPDX-License-Identifier: Apache-2.0
// Part of partition-cli. See LICENSE and CONTRIBUTING.md.

import LibPQ
import Logging
import PartitionMap
import PartitionRouter
import Partitioning
import Provisioning

/// Where `resolve` gets a table's map from.
struct MapSource {
    var table: EntityName
    var registryURL: RegistryURL?
    /// For where the catalog is asked.
    var settings: PlanSettings
    var logger: Logger

    struct Found {
        var document: PartitionMapDocument
        /// nil for a map made from the catalog now.
        var version: Int64?
        /// The registry's name, or `catalog`.
        var origin: String
    }

    /// - Parameter configuration: asked for only where a database is needed.
    func read(_ configuration: () throws -> ConnectionConfiguration) async throws -> Found {
        if let registryURL, registryURL.kind != .none {
            // `self` is the database's; any other registry stands for itself.
            let database = registryURL.kind == .selfDatabase ? try configuration() : nil
            let choice = try RegistryChoice(
                registryURL,
                database: database,
                embedded: nil,
                for: .reading,
                logger: logger
            )
            guard let found = try await published(in: choice) else {
                throw CommandFailure(
                    .failed,
                    "no map of \(table) is published in the registry \(choice.name)",
                    remedy: "check the table's name; partition-cli rotate publishes maps"
                )
            }
            return found
        }
        return try await fromDatabase(try configuration())
    }

    /// Of the registry in the database where a map is published there, else of the catalog.
    private func fromDatabase(_ configuration: ConnectionConfiguration) async throws -> Found {
        try await DatabaseSession.scoped(configuration, logger: logger) { session in
            try await NamedTables.check([table], in: session)
            if registryURL == nil {
                let choice = try RegistryChoice(
                    nil,
                    database: configuration,
                    embedded: try await EmbeddedRegistry.state(in: session),
                    for: .reading,
                    logger: logger
                )
                if let found = try await published(in: choice) { return found }
            }
            return try await fromCatalog(session)
        }
    }

    private func published(in choice: RegistryChoice) async throws -> Found? {
        guard let registry = choice.registry else { return nil }
        do {
            let map = try await registry.load(table)
            await choice.close()
            return map.map { Found(document: $0.document, version: $0.header.version, origin: choice.name) }
        } catch {
            await choice.close()
            throw error
        }
    }

    private func fromCatalog(_ session: DatabaseSession) async throws -> Found {
        let name = RelationName(table)
        let observation = try await Observation.make(session: session, settings: settings)
        guard let plan = observation.plan.tables.first(where: { $0.table == name }),
            let current = observation.snapshot.tables.first(where: { $0.oid == plan.oid })
        else {
            throw CommandFailure(
                .failed,
                "\(name) can't be resolved from the catalog: it is gone, or the policy file doesn't list it",
                remedy: "add it to the policy file, or say --config=none"
            )
        }
        guard let policy = plan.policy else {
            throw CommandFailure(
                .failed,
                "\(name) can't be resolved: \(plan.leftAlone?.explanation ?? "")",
                remedy: plan.leftAlone?.remedy
            )
        }
        let document = try MapDocument.document(
            of: current,
            policy: policy,
            now: observation.snapshot.server.now
        )
        return Found(document: document, version: nil, origin: "catalog")
    }
}
