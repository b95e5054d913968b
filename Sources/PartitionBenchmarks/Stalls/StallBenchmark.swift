// SPDX-License-Identifier: Apache-2.0
// Part of partition-cli. See LICENSE and CONTRIBUTING.md.

import BenchmarkReport
import LibPQ

/// What bystanders wait for while each contender makes the same partitions, in the same situations.
struct StallBenchmark: Sendable {
    let bench: Bench

    private var isFull: Bool { bench.mode == .full }
    private var repetitions: Int { isFull ? 3 : 1 }
    private var readerTime: Int { isFull ? 8 : 3 }
    private var defaultRows: Int { isFull ? 3_000_000 : 300_000 }
    private let rate = 200
    private let sessions = 4
    /// Long enough for whoever succeeds, and the same for all: the longest of more waits would be longer.
    private func leastTime(_ situation: StallResults.Situation) -> Duration {
        .seconds(situation.hasReader ? readerTime + 4 : isFull ? 6 : 3)
    }

    private var situations: [StallResults.Situation] {
        StallResults.Situation.DefaultPartition.allCases.flatMap { kind in
            [false, true].map { StallResults.Situation(defaultPartition: kind, hasReader: $0) }
        }
    }

    func run() async throws -> StallResults {
        let load = Machine.load
        return try await Server.scoped(bench.installation) { server in
            for kind in StallResults.Situation.DefaultPartition.allCases {
                for isPartmans in [false, true] {
                    bench.say(
                        "stalls: preparing the \(isPartmans ? "pg_partman" : "plain") table, default partition: \(kind)"
                    )
                    try await database(kind, isPartmans).make(on: server)
                }
            }
            var cells: [StallResults.Cell] = []
            for situation in situations {
                var trials: [StallResults.Contender: [StallTrial.Result]] = [:]
                // In turns, so that whatever else the machine does meets them all.
                for _ in 0..<repetitions {
                    for contender in StallResults.Contender.allCases {
                        trials[contender, default: []].append(try await trial(situation, contender, server))
                    }
                }
                cells += StallResults.Contender.allCases.map { contender in
                    StallTrial.cell(situation, contender, trials[contender] ?? [])
                }
            }
            return StallResults(
                circumstances: try bench.circumstances(
                    ["PostgreSQL \(try await server.version())", "pg_partman \(try await partmanVersion(server))"],
                    loadBefore: load
                ),
                rate: rate,
                sessions: sessions,
                readerSeconds: readerTime,
                defaultRows: defaultRows,
                repetitions: repetitions,
                cells: cells
            )
        }
    }

    private func database(_ kind: StallResults.Situation.DefaultPartition, _ isPartmans: Bool) -> StallDatabase {
        StallDatabase(isPartmans: isPartmans, defaultPartition: kind, defaultRows: defaultRows)
    }

    private func partmanVersion(_ server: Server) async throws -> String {
        let rows = try await server.admin.query(
            "SELECT default_version AS version FROM pg_available_extensions WHERE name = 'pg_partman'"
        )
        return try rows.first?.string("version") ?? "unknown"
    }

    private func trial(
        _ situation: StallResults.Situation,
        _ contender: StallResults.Contender,
        _ server: Server
    ) async throws -> StallTrial.Result {
        let name = "trial"
        try await server.create(name, from: database(situation.defaultPartition, contender.usesPartman).name)
        let trial = StallTrial(
            server: server,
            database: name,
            situation: situation,
            provisioning: Provisioning(contender: contender, bench: bench, server: server, database: name),
            rate: rate,
            sessions: sessions,
            readerTime: .seconds(readerTime),
            leastTime: leastTime(situation)
        )
        let result = try await trial.run()
        try await server.drop(name)
        let wait = max(result.bystanders.writers.latencies.longest, result.bystanders.readers.latencies.longest)
        let milliseconds = Figure.milliseconds(wait / .milliseconds(1))
        bench.say(
            "stalls: default \(situation.defaultPartition), \(situation.hasReader ? "reader" : "quiet"), \(contender.label): "
                + "longest wait \(milliseconds) ms, made \(result.made) of \(result.wanted) in \(Figure.decimal(result.duration / .seconds(1), digits: 1)) s \(result.problem ?? "")"
        )
        return result
    }
}
