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
    /// Bounds of the pause after a failure, which doubles from one to the other.
    static let pauses: (first: Duration, longest: Duration) = (.seconds(1), .seconds(60))

    let source: any EventSource
    let logger: Logger
    /// Does a run and shows what came of it.
    let run: @Sendable () async -> ExitStatus

    /// - Returns: when the task was cancelled; or the status of a run that no other run can mend.
    func watch() async -> ExitStatus {
        let status = await answerAll()
        await source.close()
        return status
    }

    private func answerAll() async -> ExitStatus {
        var losses = 0
        logger.info("waiting for events", metadata: ["event": "WAITING", "source": "\(source.description)"])
        while !Task.isCancelled {
            do {
                guard let burst = try await source.next() else { continue }
                losses = 0
                if try await answer(burst) == .usage { return .usage }
            } catch {
                guard !Task.isCancelled else { break }
                losses += 1
                logger.warning(
                    "events can't be received",
                    metadata: [
                        "event": "EVENTS_LOST", "source": "\(source.description)",
                        "reason": "\(CommandFailure(error).message)",
                    ]
                )
                await Self.pause(losses)
            }
        }
        return .success
    }

    /// Runs until the events are done or given up.
    private func answer(_ burst: EventBurst) async throws -> ExitStatus {
        var next: EventBurst? = burst
        var status = ExitStatus.success
        while let burst = next, !Task.isCancelled {
            logger.info(
                "events are answered",
                metadata: ["event": "EVENTS_TAKEN", "count": "\(burst.count)", "attempt": "\(burst.attempt)"]
            )
            status = await run()
            if Task.isCancelled || status == .usage { break }
            if status == .success {
                try await source.done(burst)
                break
            }
            let reason = "exit status \(status.code)"
            // What is given up needs no pause before it.
            if burst.attempt < Self.attempts { await Self.pause(burst.attempt) }
            if Task.isCancelled { break }
            next = try await source.failed(burst, reason: reason)
            if next == nil {
                logger.error(
                    "events were given up",
                    metadata: ["event": "EVENTS_GIVEN_UP", "count": "\(burst.count)", "reason": "\(reason)"]
                )
            }
        }
        return status
    }

    /// With jitter, so that several don't come back as one.
    private static func pause(_ failures: Int) async {
        let ceiling = min(pauses.longest, pauses.first * (1 << min(failures - 1, 6)))
        try? await Task.sleep(for: ceiling * Double.random(in: 0.5...1))
    }
}
