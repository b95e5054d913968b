// SPDX-License-Identifier: Apache-2.0
// Part of partition-cli. See LICENSE and CONTRIBUTING.md.

import Logging

/// Runs once for each burst of events, until it is cancelled.
struct EventWatch: Sendable {
    /// Events that come within this time of one another are a burst, and one run answers them.
    static let quiet = Duration.milliseconds(500)
    /// A burst that doesn't end is answered after this many.
    static let burst = 10_000
    /// Runs that are tried for an event before it is given up.
    static let attempts = 5

    /// How long nothing is done after a failure; it doubles from one bound to the other.
    struct Pauses: Sendable {
        var first = Duration.seconds(1)
        var longest = Duration.seconds(60)
    }

    let source: any EventSource
    let logger: Logger
    var pauses = Pauses()
    /// Does a run and shows what came of it.
    let run: @Sendable () async -> ExitStatus

    /// - Returns: when the task was cancelled; or the status of a run that no other run can mend.
    /// - Throws: where the source can't be listened to however often it is tried.
    func watch() async throws -> ExitStatus {
        do {
            let status = try await answerAll()
            await source.close()
            return status
        } catch {
            await source.close()
            throw error
        }
    }

    private func answerAll() async throws -> ExitStatus {
        var losses = 0
        logger.info("waiting for events", metadata: ["event": "WAITING", "source": "\(source.description)"])
        while !Task.isCancelled {
            do {
                guard let burst = try await source.next() else { continue }
                losses = 0
                if try await answer(burst) == .usage { return .usage }
            } catch {
                guard !Task.isCancelled else { break }
                let failure = CommandFailure(error)
                if failure.status == .usage { throw failure }
                losses += 1
                logger.warning(
                    "events can't be received",
                    metadata: [
                        "event": "EVENTS_LOST", "source": "\(source.description)", "reason": "\(failure.message)",
                    ]
                )
                await pause(losses)
            }
        }
        return .success
    }

    /// Runs until the events are done or given up.
    private func answer(_ burst: EventBurst) async throws -> ExitStatus {
        // Whoever began the last of these runs didn't live to see its end, and perhaps because of it.
        var next = try await giveUp(
            burst,
            triedMoreThan: Self.attempts,
            "\(Self.attempts) runs were begun, and none ended"
        )
        var (status, waits) = (ExitStatus.success, 0)
        while let burst = next, !Task.isCancelled {
            logger.info(
                "events are answered",
                metadata: ["event": "EVENTS_TAKEN", "count": "\(burst.count)", "attempt": "\(burst.attempt)"]
            )
            status = await run()
            if Task.isCancelled || status == .usage { break }
            switch status {
            case .success:
                try await source.done(burst)
                next = nil
            case .busy, .deferred:
                waits += 1
                next = try await wait(burst, status, waits)
            default:
                waits = 0
                next = try await again(burst, status)
            }
        }
        return status
    }

    /// Another run, a lock, a lagging standby or the hour was in the way: that passes, and says nothing about the events.
    private func wait(_ burst: EventBurst, _ status: ExitStatus, _ waits: Int) async throws -> EventBurst? {
        logger.info(
            "events wait for a run that can answer them",
            metadata: ["event": "EVENTS_KEPT", "count": "\(burst.count)", "reason": "exit status \(status.code)"]
        )
        await pause(waits)
        return Task.isCancelled ? nil : try await source.keep(burst)
    }

    private func again(_ burst: EventBurst, _ status: ExitStatus) async throws -> EventBurst? {
        // What is given up needs no pause before it.
        let left = try await giveUp(burst, triedMoreThan: Self.attempts - 1, "exit status \(status.code)")
        guard let left else { return nil }
        await pause(left.attempt)
        return Task.isCancelled ? nil : try await source.again(left)
    }

    /// - Returns: the others.
    private func giveUp(_ burst: EventBurst, triedMoreThan tries: Int, _ reason: String) async throws -> EventBurst? {
        guard var lost = burst.filter({ $0.tries > tries }) else { return burst }
        // A run that was coming, and doesn't come, is no try.
        for index in lost.events.indices { lost.events[index].tries = min(lost.events[index].tries, Self.attempts) }
        try await source.giveUp(lost, reason: reason)
        logger.error(
            "events were given up",
            metadata: ["event": "EVENTS_GIVEN_UP", "count": "\(lost.count)", "reason": "\(reason)"]
        )
        return burst.filter { $0.tries <= tries }
    }

    /// With jitter, so that several don't come back as one.
    private func pause(_ failures: Int) async {
        let ceiling = min(pauses.longest, pauses.first * (1 << min(failures - 1, 6)))
        try? await Task.sleep(for: ceiling * Double.random(in: 0.5...1))
    }
}
