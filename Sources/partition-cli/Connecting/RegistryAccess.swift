// SPDX-License-Identifier: Apache-2.0
// Part of partition-cli. See LICENSE and CONTRIBUTING.md.

import LibPQ
import Logging
import PartitionRouter
import Provisioning

/// A registry for commands that need no database, unless the registry is in it.
struct RegistryAccess {
    var url: RegistryURL?
    var logger: Logger

    /// - Parameter configuration: asked for only where a database is needed.
    /// - Throws: ``CommandFailure`` of status `usage` where there is no registry; `RegistryError`.
    func open(
        for use: RegistryChoice.Use,
        _ configuration: () throws -> ConnectionConfiguration
    ) async throws -> RegistryChoice {
        let choice: RegistryChoice
        if let url {
            let database = url.kind == .selfDatabase ? try configuration() : nil
            choice = try RegistryChoice(url, database: database, embedded: nil, for: use, logger: logger)
        } else {
            let database = try configuration()
            let embedded = try await DatabaseSession.scoped(database, logger: logger) { session in
                try await EmbeddedRegistry.state(in: session)
            }
            choice = try RegistryChoice(nil, database: database, embedded: embedded, for: use, logger: logger)
        }
        guard choice.registry != nil else { throw Self.missing(choice) }
        return choice
    }

    /// For commands that need no database unless the registry is in it.
    ///
    /// - Throws: as ``open(for:_:)``; ``CommandFailure`` for options and files that can't be used.
    static func reading(
        _ policy: PolicyOptions,
        _ database: DatabaseOptions,
        _ registry: RegistryOptions,
        _ console: Console
    ) async throws -> RegistryChoice {
        let policy = try PolicyConnections(policy, database, registry, console.environment)
        let url = try registry.url(console.environment, policy: policy.registry)
        return try await RegistryAccess(url: url, logger: console.logger).open(for: .reading) {
            try database.configuration(console.environment, policy: policy.database)
        }
    }

    static func missing(_ choice: RegistryChoice) -> CommandFailure {
        CommandFailure(
            .usage,
            choice.reason ?? "the registry is \"none\": there is nothing to look at",
            remedy:
                "say --registry-url=redis://…, =etcd://…, =consul://… or =postgres://…, or =self for the one in the database"
        )
    }
}
