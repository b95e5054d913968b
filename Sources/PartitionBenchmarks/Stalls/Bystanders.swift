// SPDX-License-Identifier: Apache-2.0
// Part of partition-cli. See LICENSE and CONTRIBUTING.md.

import BenchmarkReport
import LibPQ
import Synchronization

/// Applications that read and write at a steady rate, whatever they have to wait for.
struct Bystanders: Sendable {
    /// What a session sends as its request with this number.
    typealias Request = @Sendable (_ number: Int) -> Statement

    struct Record: Sendable {
        var latencies = Latencies()
        var errors: [String] = []
        /// How late a session that waited for nothing began a request.
        var generatorDelay = Duration.zero

        mutating func merge(_ other: Record) {
            latencies.merge(other.latencies)
            errors += other.errors
            generatorDelay = max(generatorDelay, other.generatorDelay)
        }
    }

    struct Outcome: Sendable {
        var writers = Record()
        var readers = Record()
    }

    let writers: [Connection]
    let readers: [Connection]
    let write: Request
    let read: Request
    /// Requests per second of the writers together, and of the readers together.
    let rate: Double
    /// Requests that are due before count for nothing: caches are filled then.
    let warmUp: Duration

    /// Goes on while the body runs, and at least as long as given after the warm-up. What is due by then is sent and waited for.
    func during<Value: Sendable>(
        atLeast least: Duration,
        _ body: @escaping @Sendable () async throws -> Value
    ) async throws -> (Value, Outcome) {
        let ending = Ending()
        let begin = ContinuousClock.now + .milliseconds(100)
        return try await withThrowingTaskGroup(of: (isWriter: Bool, record: Record).self) { group in
            for (sessions, request, isWriter) in [(writers, write, true), (readers, read, false)] {
                let schedules = ArrivalSchedule.sessions(sessions.count, rate: rate)
                for (session, schedule) in zip(sessions, schedules) {
                    group.addTask {
                        let record = try await serve(session, schedule, request, from: begin, until: ending)
                        return (isWriter, record)
                    }
                }
            }
            let value: Value
            do {
                try await Task.sleep(until: begin + warmUp, tolerance: .zero)
                value = try await body()
                // A second more, for those whose wait ended with it.
                let end = max(begin + warmUp + least, .now + .seconds(1))
                try await Task.sleep(until: end)
            } catch {
                ending.come()
                throw error
            }
            ending.come()
            var outcome = Outcome()
            for try await (isWriter, record) in group {
                if isWriter { outcome.writers.merge(record) } else { outcome.readers.merge(record) }
            }
            return (value, outcome)
        }
    }

    private func serve(
        _ session: Connection,
        _ schedule: ArrivalSchedule,
        _ request: Request,
        from begin: ContinuousClock.Instant,
        until ending: Ending
    ) async throws -> Record {
        var record = Record()
        var number = 0
        while true {
            let due = begin + schedule.due(number)
            let counts = due >= begin + warmUp
            if due > .now {
                try await Task.sleep(until: due, tolerance: .zero)
                if counts { record.generatorDelay = max(record.generatorDelay, .now - due) }
            }
            if ending.cameBefore(due) { return record }
            do {
                _ = try await session.query(request(number), deadline: .seconds(120))
            } catch {
                record.errors.append("\(error)")
            }
            if counts { record.latencies.record(.now - due) }
            number += 1
        }
    }
}

/// From when on no request is due any more.
private final class Ending: Sendable {
    private let instant = Mutex<ContinuousClock.Instant?>(nil)

    func come() {
        instant.withLock { $0 = $0 ?? .now }
    }

    func cameBefore(_ due: ContinuousClock.Instant) -> Bool {
        instant.withLock { $0 }.map { due > $0 } ?? false
    }
}
