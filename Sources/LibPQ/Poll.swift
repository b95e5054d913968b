// SPDX-License-Identifier: Apache-2.0
// Part of partition-cli. See LICENSE and CONTRIBUTING.md.

#if canImport(Darwin)
    import Darwin
#else
    import Glibc
#endif

/// `poll(2)` on a connection's socket and its wake-up pipe.
enum Poll {
    enum Direction {
        case read
        case readOrWrite
        case write
        /// Only the wake-up pipe.
        case none
    }

    /// Waits until the socket is ready (true), or until a wake-up or the instant (false). A socket in error counts as
    /// ready: the next read finds out.
    static func wait(
        socket: CInt,
        for direction: Direction,
        wakeUp: WakeUpPipe,
        until: ContinuousClock.Instant?
    ) -> Bool {
        let events: CInt =
            switch direction {
            case .read: CInt(POLLIN)
            case .readOrWrite: CInt(POLLIN) | CInt(POLLOUT)
            case .write: CInt(POLLOUT)
            case .none: 0
            }
        var descriptors = [
            pollfd(fd: wakeUp.readEnd, events: Int16(POLLIN), revents: 0),
            // A negative descriptor is skipped by poll.
            pollfd(fd: direction == .none ? -1 : socket, events: Int16(truncatingIfNeeded: events), revents: 0),
        ]
        // An interruption by a signal is a wake-up without a cause: the caller looks at its clock and comes back.
        guard poll(&descriptors, nfds_t(descriptors.count), milliseconds(until: until)) > 0 else { return false }
        if descriptors[0].revents != 0 { wakeUp.drain() }
        return descriptors[1].revents != 0
    }

    /// Rounded up, so that the instant has passed when poll returns.
    private static func milliseconds(until instant: ContinuousClock.Instant?) -> CInt {
        guard let instant else { return -1 }
        let left = ContinuousClock.now.duration(to: instant)
        if left <= .zero { return 0 }
        let (seconds, attoseconds) = left.components
        if seconds > 1_000_000 { return 1_000_000_000 }
        return CInt(seconds * 1_000 + (attoseconds + 999_999_999_999_999) / 1_000_000_000_000_000)
    }
}
