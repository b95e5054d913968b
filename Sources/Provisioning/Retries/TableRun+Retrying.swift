// SPDX-License-Identifier: Apache-2.0
// Part of partition-cli. See LICENSE and CONTRIBUTING.md.

import LibPQ
import Logging
import Partitioning

extension TableRun {
    /// Does something, again and again within the time for the table's locks, as long as its errors say that it may succeed in a moment.
    ///
    /// - Parameter body: leaves nothing behind when it throws.
    func retrying<Value: Sendable>(_ body: () async throws -> Value) async throws -> Value {
        var failures = 0
        while true {
            do {
                return try await body()
            } catch {
                failures += 1
                let left = deadline - ContinuousClock.now
                guard Recovery(after: error) == .again,
                    let pause = Backoff.statements.pause(after: failures, left: left, random: .random(in: 0..<1))
                else { throw error }
                logger.debug(
                    "trying again",
                    metadata: [
                        "table": "\(table.name)", "failures": "\(failures)",
                        "sqlstate": "\(error.sqlState?.rawValue ?? "none")",
                    ]
                )
                try await Task.sleep(for: pause)
            }
        }
    }
}
