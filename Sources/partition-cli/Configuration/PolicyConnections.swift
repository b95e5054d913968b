// SPDX-License-Identifier: Apache-2.0
// Part of partition-cli. See LICENSE and CONTRIBUTING.md.

import PolicyFile

/// The policy file of a command, and the connections that it gives where neither a flag nor a variable does.
struct PolicyConnections: Sendable {
    /// nil without a policy file.
    var file: ParsedPolicy?
    /// A connection string, which may have a password in it.
    var database: String?
    var registry: String?

    /// - Throws: ``CommandFailure`` of status `usage` or `configuration`.
    init(
        _ policy: PolicyOptions,
        _ database: DatabaseOptions,
        _ registry: RegistryOptions,
        _ environment: [String: String]
    ) throws {
        var given: GivenConnections = []
        if database.isGiven(environment) { given.insert(.database) }
        if registry.isGiven(environment) { given.insert(.registry) }
        file = try PolicyFileSource.load(policy.file, environment: environment, given: given)
        // What isn't needed may have variables that aren't defined.
        if !given.contains(.database) { self.database = try file?.document.database?.expanded(with: environment) }
        if !given.contains(.registry) { self.registry = try file?.document.registry?.expanded(with: environment) }
    }
}
