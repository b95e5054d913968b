// SPDX-License-Identifier: Apache-2.0
// Part of partition-cli. See LICENSE and CONTRIBUTING.md.

import PartitionRegistryPostgres
import PartitionRouter

/// The last run of `rotate`, as far as it is known where one looks: runs are written down in PostgreSQL registries alone.
enum LastRun: Hashable, Sendable {
    case run(RunRecord)
    case none
    /// Why it isn't known.
    case unknown(String)

    /// Opens the registry again, and closes it.
    static func of(_ database: String, in choice: RegistryChoice) async -> LastRun {
        guard let registry = choice.postgres else {
            return .unknown(
                choice.registry == nil ? "there is no registry" : "runs are written down in PostgreSQL registries alone"
            )
        }
        let result: LastRun
        do {
            result = try await registry.lastRun(of: database).map(LastRun.run) ?? .none
        } catch {
            result = .unknown(error.message)
        }
        await choice.close()
        return result
    }
}
