// SPDX-License-Identifier: Apache-2.0
// Part of partition-cli. See LICENSE and CONTRIBUTING.md.

import BenchmarkReport
import LibPQ

/// A run that finds every partition there: what most runs are, on many tables.
struct IdleBenchmark: Sendable {
    let bench: Bench

    private var tables: Int { bench.mode == .full ? 1000 : 100 }
    private let partitionsOfEach = 60
    private var repetitions: Int { bench.mode == .full ? 5 : 3 }
    /// Half of the partitions are of days past: the day of the measurement, and two to spare should midnight pass, belong to the other.
    private let bufferDays = 27
    private static let database = "idle"

    func run() async throws -> IdleResults {
        let load = Machine.load
        return try await Server.scoped(bench.installation) { server in
            bench.say("idle: making \(tables) tables of \(partitionsOfEach) partitions")
            try await fill(server)
            var rows: [IdleResults.Row] = []
            for registry in ["none", "self"] {
                // The first publishes, where there is something to publish to.
                _ = try await rotate(server, registry)
                var row = IdleResults.Row(
                    variant: "--registry-url=\(registry)",
                    wall: Samples([]),
                    ours: Samples([]),
                    server: Samples([]),
                    peak: Samples([])
                )
                for _ in 0..<repetitions { try await measure(&row, registry, server) }
                rows.append(row)
            }
            return IdleResults(
                circumstances: try bench.circumstances(["PostgreSQL \(try await server.version())"], loadBefore: load),
                tables: tables,
                partitionsOfEach: partitionsOfEach,
                rows: rows
            )
        }
    }

    private func rotate(_ server: Server, _ registry: String) async throws -> MeasuredProgram.Usage {
        try await bench.rotate(server.conninfo(Self.database), registry: registry, bufferDays: bufferDays)
            .run(expecting: [0])
    }

    private func measure(_ row: inout IdleResults.Row, _ registry: String, _ server: Server) async throws {
        let (usage, processor) = try await server.processorTime {
            try await rotate(server, registry)
        }
        let rotation = try Bench.rotation(usage)
        guard rotation.summary.created == 0, rotation.summary.tablesUnchanged == tables,
            rotation.summary.unpublished == 0
        else { throw BenchmarkError("a run that should have had nothing to do said: \(usage.output.prefix(2000))") }
        row.wall.values.append(usage.wall / .seconds(1))
        row.ours.values.append(usage.processor / .seconds(1))
        row.server.values.append(processor)
        row.peak.values.append(Double(usage.peak))
        bench.say(
            "idle: registry \(registry): \(Figure.decimal(usage.wall / .seconds(1), digits: 2)) s, "
                + "ours \(Figure.decimal(usage.processor / .seconds(1), digits: 2)) s, server \(Figure.decimal(processor, digits: 2)) s, "
                + "\(Figure.decimal(Double(usage.peak) / 1e6, digits: 0)) MB"
        )
    }

    // MARK: - The database

    /// Two sessions at a time, as there are processors; each makes some tables and ends, for its cache of relations grows.
    private func fill(_ server: Server) async throws {
        try await server.create(Self.database)
        let marker = try await markerOfARun(server)
        let batch = 25
        let batches = stride(from: 1, through: tables, by: batch).map { $0...min($0 + batch - 1, tables) }
        try await withThrowingTaskGroup(of: Void.self) { group in
            var next = batches.makeIterator()
            for _ in 0..<2 {
                if let batch = next.next() { group.addTask { try await make(batch, marker, server) } }
            }
            while try await group.next() != nil {
                if let batch = next.next() { group.addTask { try await make(batch, marker, server) } }
            }
        }
        try await server.execute(["VACUUM ANALYZE", "CHECKPOINT"], in: Self.database)
    }

    /// As partitions would be after years of runs: each with the marker that ours leaves in its comment.
    private func markerOfARun(_ server: Server) async throws -> String {
        try await server.execute([Self.function, "SELECT make_events('model', 2, NULL)"], in: Self.database)
        _ = try await rotate(server, "none")
        let connection = try await server.connect(Self.database)
        let rows = try await connection.query(
            "SELECT d.description AS marker FROM pg_description d WHERE d.description LIKE '%{\"partition-cli\":%' LIMIT 1"
        )
        await connection.close()
        try await server.execute(["DROP TABLE model"], in: Self.database)
        guard let marker = try rows.first?.string("marker") else { throw BenchmarkError("a run left no marker") }
        return marker
    }

    private func make(_ batch: ClosedRange<Int>, _ marker: String, _ server: Server) async throws {
        let connection = try await server.connect(Self.database)
        for number in batch {
            _ = try await connection.query(
                "SELECT make_events(\(bind: "events_\(number)"), \(bind: partitionsOfEach), \(bind: marker))"
            )
        }
        await connection.close()
    }

    /// Days up to 30 days ahead; without a marker the model of which a run makes the rest.
    private static let function: Statement = """
        CREATE FUNCTION make_events(name text, days int, marker text) RETURNS void LANGUAGE plpgsql AS $$
        DECLARE
            last date := current_date + CASE WHEN marker IS NULL THEN 0 ELSE 30 END;
            day date;
            partition text;
        BEGIN
            EXECUTE format('CREATE TABLE %I (id bigint, event_ts timestamptz NOT NULL, payload text, PRIMARY KEY (event_ts, id))
                PARTITION BY RANGE (event_ts)', name);
            FOR day IN SELECT generate_series(last - days + 1, last, '1 day') LOOP
                partition := name || to_char(day, '"_"YYYY_MM_DD');
                EXECUTE format('CREATE TABLE %I PARTITION OF %I FOR VALUES FROM (%L) TO (%L)', partition, name, day, day + 1);
                IF marker IS NOT NULL THEN
                    EXECUTE format('COMMENT ON TABLE %I IS %L', partition, replace(marker, 'public.model', 'public.' || name));
                END IF;
            END LOOP;
        END $$
        """
}
