// SPDX-License-Identifier: Apache-2.0
// Part of partition-cli. See LICENSE and CONTRIBUTING.md.

import CAllocationCounter

/// Whether what is said of allocations can be believed: "none" is also what a counter says that counts nothing.
enum AllocationCheck {
    private final class Block {}

    /// One object is one allocation.
    static func demandCount() throws {
        let before = allocation_count()
        let block = make()
        let counted = allocation_count() - before
        withExtendedLifetime(block) {}
        guard counted == 1 else {
            throw LookupBenchmark.Failure(
                description: "one allocation was counted as \(counted): allocations can't be counted on this machine"
            )
        }
    }

    @inline(never)
    private static func make() -> AnyObject { Block() }
}
