// SPDX-License-Identifier: Apache-2.0
// Part of partition-cli. See LICENSE and CONTRIBUTING.md.

package import Partitioning

/// What a guard did about one table in a run.
package struct GuardEvent: Hashable, Codable, Sendable {
    package enum Action: Hashable, Codable, Sendable {
        /// Outside the window; nil where it never opens again.
        case deferredByWindow(opensNext: Instant?)
        /// The breaker didn't close while the run could wait.
        case deferredByLag([Laggard])
        /// Partitions were created outside this window.
        case windowWaived(String)
        /// Partitions were created although the breaker was open, or the map was published before these had replayed what it says.
        case lagWaived([Laggard])
    }

    package var action: Action
    /// Days of partitions that were left when it was decided; nil past a MAXVALUE bound.
    package var daysRemaining: Double?

    package init(_ action: Action, daysRemaining: Double?) {
        self.action = action
        self.daysRemaining = daysRemaining
    }

    /// A guard that stood back so as not to cause the outage itself.
    package var isWaiver: Bool { waived != nil }

    /// Which one did; nil where none.
    package var waived: WaivedGuard? {
        switch action {
        case .windowWaived: .window
        case .lagWaived: .lag
        case .deferredByWindow, .deferredByLag: nil
        }
    }
}
