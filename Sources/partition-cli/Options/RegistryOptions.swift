// SPDX-License-Identifier: Apache-2.0
// Part of partition-cli. See LICENSE and CONTRIBUTING.md.

import ArgumentParser
import LibPQ
import PartitionRouter

/// Where partition maps are published.
struct RegistryOptions: ParsableArguments, Sendable {
    @Option(
        name: .customLong("registry-url"),
        help: ArgumentHelp(
            """
            Where partition maps are published: redis:// etcd:// consul:// (with TLS rediss:// etcds:// \
            consuls://) postgres:// self none. (default: $REGISTRY_URL, else \
            the policy file's, else the database itself where partition_registry is installed)
            """,
            valueName: "url"
        ),
        completion: .list([
            "self", "none", "redis://", "rediss://", "etcd://", "etcds://", "consul://", "consuls://", "postgres://",
        ])
    )
    var registryURL: String?

    /// Whether somebody said it before the policy file is asked.
    func isGiven(_ environment: [String: String]) -> Bool {
        registryURL != nil || environment["REGISTRY_URL"] != nil
    }

    /// nil where nobody said anything.
    ///
    /// - Parameter policy: what the policy file says, if anything.
    /// - Throws: ``CommandFailure`` of status `usage`.
    func url(_ environment: [String: String], policy: String? = nil) throws(CommandFailure) -> RegistryURL? {
        guard let (text, source) = text(environment) ?? policy.map({ ($0, "\"registry\" of the policy file") }) else {
            return nil
        }
        guard !text.allSatisfy(\.isWhitespace) else { throw EmptyURL.registry(source) }
        let url: RegistryURL
        do {
            url = try RegistryURL(parsing: text, environment: environment)
        } catch {
            throw CommandFailure(.usage, "\(source): \(error)")
        }
        if case .postgres(let conninfo) = url.kind {
            do {
                _ = try ConnectionConfiguration(conninfo.reveal())
            } catch {
                throw CommandFailure(.usage, "\(source): \(error.message)", remedy: error.hint)
            }
        }
        return url
    }

    private func text(_ environment: [String: String]) -> (String, String)? {
        if let registryURL { return (registryURL, "--registry-url") }
        return environment["REGISTRY_URL"].map { ($0, "REGISTRY_URL") }
    }
}
