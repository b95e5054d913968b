// SPDX-License-Identifier: Apache-2.0
// Part of partition-cli. See LICENSE and CONTRIBUTING.md.

import LibPQ
import Partitioning

extension Hazard {
    package static func hazard(of standing: PoolerStanding) -> Hazard? {
        switch standing {
        case .direct: nil
        case .session:
            Hazard(
                .note,
                .pooler,
                "the connection goes through a pooler in session mode",
                evidence: ["the server process isn't the one announced, and stays the same"],
                remedy: "that works; a direct connection is one part less that can fail"
            )
        case .unusable(let error):
            Hazard(
                .error,
                .pooler,
                "\(error.message); nothing else was examined through it",
                evidence: ["server processes were compared between transactions of several connections"],
                remedy: error.hint
            )
        }
    }
}
