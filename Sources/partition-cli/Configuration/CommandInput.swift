// SPDX-License-Identifier: Apache-2.0
// Part of partition-cli. See LICENSE and CONTRIBUTING.md.

import LibPQ
import PartitionRouter
import Partitioning
import PolicyFile

/// What a command works on: flags before the variables DB_URL and REGISTRY_URL before the policy file.
struct CommandInput: Sendable {
    var configuration: ConnectionConfiguration
    /// nil where nobody said anything.
    var registryURL: RegistryURL?
    var scope: Scope
    /// nil where policies are inferred.
    var policy: ParsedPolicy?

    /// - Throws: ``CommandFailure`` of status `usage` or `configuration`.
    init(
        _ planning: PlanningOptions,
        _ database: DatabaseOptions,
        _ registry: RegistryOptions,
        _ console: Console
    ) throws {
        let connections = try PolicyConnections(planning.policy, database, registry, console.environment)
        policy = connections.file
        scope = try planning.scope(connections.file)
        configuration = try database.configuration(console.environment, policy: connections.database)
        registryURL = try registry.url(console.environment, policy: connections.registry)
        if let file = scope.policyFile {
            console.remark("policy: \(file), \(counted(scope.declared?.count ?? 0, "table"))")
        }
    }
}
