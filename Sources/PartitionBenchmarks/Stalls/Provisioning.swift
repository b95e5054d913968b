// SPDX-License-Identifier: Apache-2.0
// Part of partition-cli. See LICENSE and CONTRIBUTING.md.

import BenchmarkReport
import LibPQ

extension StallResults.Contender {
    /// nil where nothing is done.
    var usesPartman: Bool { self == .partman }
}

/// Makes the partitions in a contender's way.
struct Provisioning: Sendable {
    let contender: StallResults.Contender
    let bench: Bench
    let server: Server
    let database: String

    /// What went wrong, in a few words; nil where nothing did.
    func perform() async throws -> String? {
        switch contender {
        case .nobody: return nil
        case .function: return try await callFunction([])
        case .functionWithTimeout:
            return try await callFunction(["SET lock_timeout = '2s'", "SET statement_timeout = '30s'"])
        case .partman:
            return try await session { connection in
                _ = try await connection.query("SELECT partman.run_maintenance('public.events')")
            }
        case .ours:
            let usage = try await bench.rotate(server.conninfo(database)).run(expecting: [0, 75])
            return usage.status == 0 ? nil : "exit \(usage.status)"
        }
    }

    /// Month by month, each in a transaction of its own, until one fails.
    private func callFunction(_ settings: [Statement]) async throws -> String? {
        try await session { connection in
            for setting in settings { _ = try await connection.query(setting) }
            for row in try await connection.query("SELECT name, lower::text, upper::text FROM wanted ORDER BY lower") {
                _ = try await connection.query(
                    """
                    SELECT provision_events(\(bind: try row.string("name")), \(bind: try row.string("lower"))::date,
                                            \(bind: try row.string("upper"))::date)
                    """
                )
            }
        }
    }

    private func session(_ body: (Connection) async throws -> Void) async throws -> String? {
        let connection = try await server.connect(database, application: contender.rawValue)
        var problem: String?
        do {
            try await body(connection)
        } catch let error as PostgresError {
            problem = "SQLSTATE \(error.sqlState?.rawValue ?? "none")"
        }
        await connection.close()
        return problem
    }
}
