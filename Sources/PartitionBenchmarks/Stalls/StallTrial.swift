// SPDX-License-Identifier: Apache-2.0
// Part of partition-cli. See LICENSE and CONTRIBUTING.md.

import BenchmarkReport
import LibPQ

#if canImport(FoundationEssentials)
    import FoundationEssentials
#else
    import Foundation
#endif

/// One contender once, in one situation, on a database of its own.
struct StallTrial: Sendable {
    let server: Server
    let database: String
    let situation: StallResults.Situation
    let provisioning: Provisioning
    let rate: Int
    /// Of writers, and of readers.
    let sessions: Int
    let readerTime: Duration
    let leastTime: Duration

    struct Result: Sendable {
        var bystanders: Bystanders.Outcome
        var made: Int
        var wanted: Int
        var duration: Duration
        var problem: String?
    }

    func run() async throws -> Result {
        var writers: [Connection] = []
        var readers: [Connection] = []
        for _ in 0..<sessions {
            writers.append(try await server.connect(database, application: "writer"))
            readers.append(try await server.connect(database, application: "reader"))
        }
        let hasDefault = situation.defaultPartition != .none
        let bystanders = Bystanders(
            writers: writers,
            readers: readers,
            write: { Self.insertion($0, hasDefault: hasDefault) },
            read: { Self.query($0) },
            rate: Double(rate),
            warmUp: .seconds(1)
        )
        let ((duration, problem), outcome) = try await bystanders.during(atLeast: leastTime) {
            try await beside {
                let begin = ContinuousClock.now
                let problem = try await provisioning.perform()
                return (ContinuousClock.now - begin, problem)
            }
        }
        let connection = try await server.connect(database)
        guard let row = try await connection.query(StallDatabase.madeQuery).first else {
            throw BenchmarkError("the partitions of \(database) can't be counted")
        }
        let result = Result(
            bystanders: outcome,
            made: try row.int("made"),
            wanted: try row.int("wanted"),
            duration: duration,
            problem: problem
        )
        for connection in writers + readers + [connection] { await connection.close() }
        return result
    }

    /// Begins half a second after the long reader, if there is one, and waits for its end.
    private func beside<Value: Sendable>(_ body: @Sendable () async throws -> Value) async throws -> Value {
        guard situation.hasReader else { return try await body() }
        let reader = try await server.connect(database, application: "long reader")
        _ = try await reader.query("BEGIN")
        // Plans over every partition, and so holds a lock on each until its end.
        _ = try await reader.query("SELECT event_ts FROM events LIMIT 1")
        let end = ContinuousClock.now + readerTime
        async let reading: Void = {
            try await Task.sleep(until: end)
            _ = try await reader.query("COMMIT")
            await reader.close()
        }()
        try await Task.sleep(for: .milliseconds(500))
        let value = try await body()
        try await reading
        return value
    }

    /// Every tenth row is years late, and goes to the default partition where there is one.
    private static func insertion(_ number: Int, hasDefault: Bool) -> Statement {
        hasDefault && number % 10 == 9
            ? "INSERT INTO events VALUES (now() - interval '10 years', \(bind: number % 1000), 'late')"
            : "INSERT INTO events VALUES (now(), \(bind: number % 1000), 'on time')"
    }

    /// Most look at the last second, so that planning leaves all partitions out but one; every tenth asks all of them.
    private static func query(_ number: Int) -> Statement {
        let second = Int64(Date.now.timeIntervalSince1970)
        return number % 10 == 9
            ? "SELECT event_ts FROM events ORDER BY event_ts DESC LIMIT 1"
            : """
            SELECT count(*) FROM events
             WHERE event_ts >= to_timestamp(\(bind: second)::float8) AND event_ts < to_timestamp(\(bind: second + 1)::float8)
            """
    }

    static func cell(
        _ situation: StallResults.Situation,
        _ contender: StallResults.Contender,
        _ results: [Result]
    ) -> StallResults.Cell {
        var writers = Bystanders.Record()
        var readers = Bystanders.Record()
        for result in results {
            writers.merge(result.bystanders.writers)
            readers.merge(result.bystanders.readers)
        }
        return StallResults.Cell(
            situation: situation,
            contender: contender,
            writers: writers.latencies.summary,
            readers: readers.latencies.summary,
            errors: writers.errors.count + readers.errors.count,
            generatorDelay: max(writers.generatorDelay, readers.generatorDelay) / .milliseconds(1),
            made: results.map(\.made),
            wanted: results.first?.wanted ?? 0,
            duration: Samples(results.map { $0.duration / .seconds(1) }),
            outcome: results.compactMap(\.problem).first ?? ""
        )
    }
}
