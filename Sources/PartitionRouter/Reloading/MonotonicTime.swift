// SPDX-License-Identifier: Apache-2.0
// Part of partition-cli. See LICENSE and CONTRIBUTING.md.

#if canImport(Darwin)
    import Darwin
#else
    import Glibc
#endif

/// A moment on the system's monotonic clock, which nobody can set. On Linux it stands still while the machine is suspended or, as a virtual
/// one, paused: for that long the map's age does, too. The clock that doesn't costs a lookup five times as much, and a paused machine's
/// may stand still all the same.
package struct MonotonicTime: Sendable, Hashable, Comparable {
    /// Since some moment that stays the same while the system is up.
    package let nanoseconds: Int64

    package init(nanoseconds: Int64) {
        self.nanoseconds = nanoseconds
    }

    /// Exact to the clock's own resolution; about 24 ns.
    package static func now() -> MonotonicTime { MonotonicTime(nanoseconds: read(CLOCK_MONOTONIC)) }

    /// The same clock as of the last timer tick, so at most 10 ms behind; about 5 ns, which a lookup can afford.
    package static func coarse() -> MonotonicTime {
        #if os(Linux)
            MonotonicTime(nanoseconds: read(CLOCK_MONOTONIC_COARSE))
        #else
            now()
        #endif
    }

    /// The wall clock: microseconds since 1970 UTC. It may be wrong, and it may step.
    package static func wallMicroseconds() -> Int64 { read(CLOCK_REALTIME) / 1000 }

    private static func read(_ clock: clockid_t) -> Int64 {
        var time = timespec()
        clock_gettime(clock, &time)
        return Int64(time.tv_sec) &* 1_000_000_000 &+ Int64(time.tv_nsec)
    }

    package static func < (left: Self, right: Self) -> Bool { left.nanoseconds < right.nanoseconds }

    /// Saturates, so that a promise far ahead isn't one in the past.
    package static func + (left: Self, right: Duration) -> Self {
        let (seconds, attoseconds) = right.components
        let scaled = seconds.multipliedReportingOverflow(by: 1_000_000_000)
        let whole = scaled.partialValue.addingReportingOverflow(attoseconds / 1_000_000_000)
        let sum = left.nanoseconds.addingReportingOverflow(whole.partialValue)
        guard !scaled.overflow, !whole.overflow, !sum.overflow else {
            return Self(nanoseconds: right < .zero ? .min : .max)
        }
        return Self(nanoseconds: sum.partialValue)
    }

    package static func - (left: Self, right: Self) -> Duration {
        .nanoseconds(left.nanoseconds - right.nanoseconds)
    }
}
