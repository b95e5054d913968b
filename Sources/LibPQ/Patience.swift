// SPDX-License-Identifier: Apache-2.0
// Part of partition-cli. See LICENSE and CONTRIBUTING.md.

/// How long a statement is waited for, and what to do when that is over. Pure: the clock is a parameter.
///
/// A statement runs until its deadline passes or its task is cancelled. Then the server is asked to cancel it, again
/// and again (a request that arrives before the server has read the statement has no effect), until it ends or the
/// grace is over.
package struct Patience {
    package typealias Instant = ContinuousClock.Instant

    package enum Reason: Sendable, Hashable {
        case cancelled
        case deadline
    }

    package enum Action: Hashable {
        /// Wait for the socket, a wake-up, or this instant; nil is for ever.
        case wait(until: Instant?)
        case requestCancel
        case giveUp(Reason)
    }

    /// Set once the statement is to end.
    package private(set) var reason: Reason?

    private let deadline: Instant?
    private let grace: Duration
    private var giveUpAt: Instant?
    private var nextRequest: Instant?
    private var pause = Duration.milliseconds(50)

    package init(deadline: Instant?, grace: Duration) {
        self.deadline = deadline
        self.grace = grace
    }

    /// - Parameters:
    ///   - interrupted: the statement's task was cancelled.
    ///   - requestInFlight: a cancel request has been sent and not yet been taken by the server.
    package mutating func next(now: Instant, interrupted: Bool, requestInFlight: Bool) -> Action {
        if reason == nil {
            if interrupted {
                reason = .cancelled
            } else if let deadline, deadline <= now {
                reason = .deadline
            }
        }
        guard let reason else { return .wait(until: deadline) }

        let giveUpAt = self.giveUpAt ?? now + grace
        self.giveUpAt = giveUpAt
        if now >= giveUpAt { return .giveUp(reason) }
        if requestInFlight { return .wait(until: giveUpAt) }
        if let nextRequest, nextRequest > now { return .wait(until: min(nextRequest, giveUpAt)) }
        nextRequest = now + pause
        pause = min(pause * 2, .seconds(1))
        return .requestCancel
    }
}
