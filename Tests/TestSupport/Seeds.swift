// SPDX-License-Identifier: Apache-2.0
// Part of partition-cli. See LICENSE and CONTRIBUTING.md.

import LocalPostgres

/// The seeds of tests that do something random: few and fixed in `make test`, many and fresh in `make soak`.
package enum Seeds {
    /// `1...count`, or as many as `PARTITION_CLI_SOAK_ROUNDS` says, from `PARTITION_CLI_SOAK_SEED` on.
    package static func upTo(_ count: UInt64) -> ClosedRange<UInt64> {
        let environment = ProcessEnvironment.current
        guard let rounds = environment["PARTITION_CLI_SOAK_ROUNDS"].flatMap(UInt64.init), rounds > 0 else {
            return 1...max(count, 1)
        }
        let first = environment["PARTITION_CLI_SOAK_SEED"].flatMap(UInt64.init) ?? 1
        return first...(first + rounds - 1)
    }
}
