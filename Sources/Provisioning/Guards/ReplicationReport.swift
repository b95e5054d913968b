// SPDX-License-Identifier: Apache-2.0
// Part of partition-cli. See LICENSE and CONTRIBUTING.md.

/// What the lag breaker saw and did in a run.
package struct ReplicationReport: Hashable, Codable, Sendable {
    /// Seconds; nil where the breaker is switched off.
    package var maxLagSeconds: Double?
    /// Standbys, logical slots and expected standbys that are missing, at the last look.
    package var receivers: [Laggard]
    /// Whether the breaker was open at the last look.
    package var isOpen: Bool
    /// How often it opened in the run.
    package var openings: Int
    /// Who opened it, the last time that somebody did.
    package var openedBy: [Laggard]
    /// Seconds that the run waited for it to close, and for a decision.
    package var waitedSeconds: Double
    /// The statement without which standbys can't be seen.
    package var missingGrant: String?
    /// Why nothing could be seen; a sentence's end.
    package var blindBecause: String?

    package init(maxLagSeconds: Double? = nil) {
        self.maxLagSeconds = maxLagSeconds
        receivers = []
        isOpen = false
        openings = 0
        openedBy = []
        waitedSeconds = 0
    }

    /// The largest lag of a standby at the last look, in seconds; nil without a standby.
    package var lagSeconds: Double? { receivers.compactMap(\.seconds).max() }
}
