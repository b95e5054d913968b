// SPDX-License-Identifier: Apache-2.0
// Part of partition-cli. See LICENSE and CONTRIBUTING.md.

/// From where a question about changes waits for the next one.
package struct ConsulCursor {
    package private(set) var index: Int64

    package init(_ index: Int64) {
        self.index = max(1, index)
    }

    /// - Returns: Whether something may have changed.
    package mutating func moved(to now: Int64) -> Bool {
        guard now != index else { return false }
        // One that goes backwards, as after a restore, begins anew: what was asked for from the old one would wait for as long as the store needs
        // to get there. 0 wouldn't wait at all; 1 returns at once, with the index of now.
        index = now > index ? now : 1
        return true
    }
}
