// SPDX-License-Identifier: Apache-2.0
// Part of partition-cli. See LICENSE and CONTRIBUTING.md.

/// When the requests of one session are due: an open loop.
///
/// A request is due whatever became of those before it. One that a stall kept from being sent is measured from when it was
/// due, so a stall of 8 s counts for every request of these 8 s, and not once for the one that happened to be under way.
package struct ArrivalSchedule: Hashable, Sendable {
    /// Of the first request, from the beginning of the load.
    package let first: Duration
    package let interval: Duration

    package init(first: Duration, interval: Duration) {
        self.first = first
        self.interval = interval
    }

    /// - Parameter number: from 0.
    /// - Returns: from the beginning of the load.
    package func due(_ number: Int) -> Duration { first + interval * number }

    /// The schedules of several sessions that together make a steady rate: one after the other, evenly apart.
    ///
    /// - Parameter rate: requests per second, of all sessions together.
    package static func sessions(_ count: Int, rate: Double) -> [ArrivalSchedule] {
        let apart = Duration.seconds(1) / rate
        return (0..<count).map { ArrivalSchedule(first: apart * $0, interval: apart * count) }
    }
}
