// SPDX-License-Identifier: Apache-2.0
// Part of partition-cli. See LICENSE and CONTRIBUTING.md.

import Partitioning

/// A right that rotate needs and a role lacks.
package struct MissingRight: Hashable, Sendable {
    /// What can't be done without it: a sentence's end.
    package var what: String
    /// The statement that gives it.
    package var grant: String

    package init(what: String, grant: String) {
        self.what = what
        self.grant = grant
    }
}

extension Hazard {
    package static func hazards(of missing: [MissingRight]) -> [Hazard] {
        missing.map { right in
            Hazard(.error, .privilege, right.what, remedy: right.grant)
        }
    }
}
