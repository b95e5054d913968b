// SPDX-License-Identifier: Apache-2.0
// Part of partition-cli. See LICENSE and CONTRIBUTING.md.

import BenchmarkReport
import LibPQ

/// A first run, which makes 60 days of partitions for some tables, against psql with what that run sends.
struct ThroughputBenchmark: Sendable {
    let bench: Bench

    private var tables: Int { bench.mode == .full ? 10 : 3 }
    private var repetitions: Int { bench.mode == .full ? 9 : 3 }
    private static let template = "first_run"

    func run() async throws -> ThroughputResults {
        let load = Machine.load
        return try await Server.scoped(bench.installation) { server in
            try await server.create(Self.template)
            try await server.execute(schema, in: Self.template)
            bench.say("throughput: recording a first run of \(tables) tables")
            let recording = try await Recording.make(bench, server, template: Self.template)
            let scripts = try Scripts(recording, in: bench.directory)
            var trials: [ThroughputResults.Contender: [Trial]] = [:]
            let contenders = ThroughputResults.Contender.allCases
            for repetition in 0..<repetitions {
                // Each begins a round in its turn.
                for index in contenders.indices {
                    let contender = contenders[(index + repetition) % contenders.count]
                    let trial = try await trial(contender, scripts, recording, server)
                    bench.say(
                        "throughput: \(contender.label): \(Figure.decimal(trial.wall, digits: 3)) s, client \(Figure.decimal(trial.client, digits: 2)) s, "
                            + "server \(Figure.decimal(trial.server, digits: 2)) s"
                    )
                    trials[contender, default: []].append(trial)
                }
            }
            return ThroughputResults(
                circumstances: try bench.circumstances(["PostgreSQL \(try await server.version())"], loadBefore: load),
                tables: tables,
                partitions: recording.partitions.count,
                rows: contenders.map { contender in
                    ThroughputResults.Row(
                        contender: contender,
                        seconds: Samples(trials[contender]?.map(\.wall) ?? []),
                        client: Samples(trials[contender]?.map(\.client) ?? []),
                        server: Samples(trials[contender]?.map(\.server) ?? []),
                        messages: scripts.messageCount(contender) ?? recording.messages.count
                    )
                }
            )
        }
    }

    /// Tables of days with what tables have: a key, an index, a check, a grant, a storage option.
    private var schema: [Statement] {
        [
            """
            DO $$
            DECLARE day date;
            BEGIN
                CREATE ROLE application;
                FOR n IN 1..\(literal: tables) LOOP
                    EXECUTE format('CREATE TABLE %I (id bigint, event_ts timestamptz NOT NULL, customer int NOT NULL CHECK (customer > 0),
                        payload jsonb NOT NULL DEFAULT ''{}'', PRIMARY KEY (event_ts, id)) PARTITION BY RANGE (event_ts)', 'events_' || n);
                    EXECUTE format('CREATE INDEX ON %I (customer, event_ts)', 'events_' || n);
                    EXECUTE format('GRANT SELECT, INSERT ON %I TO application', 'events_' || n);
                    FOR day IN SELECT generate_series(current_date - 3, current_date, '1 day') LOOP
                        EXECUTE format('CREATE TABLE %I PARTITION OF %I FOR VALUES FROM (%L) TO (%L) WITH (autovacuum_vacuum_scale_factor = 0.05)',
                            'events_' || n || to_char(day, '"_"YYYY_MM_DD'), 'events_' || n, day, day + 1);
                    END LOOP;
                END LOOP;
            END $$
            """,
            "VACUUM ANALYZE",
        ]
    }

    /// In seconds.
    private struct Trial {
        var wall: Double
        var client: Double
        var server: Double
    }

    private func trial(
        _ contender: ThroughputResults.Contender,
        _ scripts: Scripts,
        _ recording: Recording,
        _ server: Server
    ) async throws -> Trial {
        let database = "trial"
        try await server.create(database, from: Self.template)
        _ = try await server.admin.query("CHECKPOINT")
        let program =
            switch scripts.path(contender) {
            case nil: bench.rotate(server.conninfo(database))
            case let script?:
                MeasuredProgram([
                    bench.psql, "-X", "-q", "-v", "ON_ERROR_STOP=1", "-o", "/dev/null", "-d", server.conninfo(database),
                    "-f", script,
                ])
            }
        let (usage, processor) = try await server.processorTime { try await program.run(expecting: [0]) }
        let made = try await Recording.partitionCount(server, database)
        guard made == recording.countAfter else {
            throw BenchmarkError(
                "\(contender.label) left \(made) partitions, and the recorded run \(recording.countAfter)"
            )
        }
        try await server.drop(database)
        return Trial(wall: usage.wall / .seconds(1), client: usage.processor / .seconds(1), server: processor)
    }
}
