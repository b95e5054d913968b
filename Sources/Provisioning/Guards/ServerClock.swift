// SPDX-License-Identifier: Apache-2.0
// Part of partition-cli. See LICENSE and CONTRIBUTING.md.

package import Partitioning

/// The server's time, without asking it again and again.
package struct ServerClock: Sendable {
    private let moment: Instant
    private let read = ContinuousClock.now

    /// - Parameter moment: what the server's clock showed just now.
    package init(_ moment: Instant) {
        self.moment = moment
    }

    package var now: Instant {
        let passed = Int64((ContinuousClock.now - read) / .microseconds(1))
        return Instant(microseconds: moment.microseconds.addingReportingOverflow(passed).partialValue)
    }
}
