// SPDX-License-Identifier: Apache-2.0
// Part of partition-cli. See LICENSE and CONTRIBUTING.md.

import LibPQ
import Logging

/// Finds out whether a connection keeps its server process. Where it doesn't, our settings would reach sessions of the
/// application, and our advisory lock would strand: such a connection is refused before anything is set.
struct PoolerProbe {
    let configuration: ConnectionConfiguration
    let logger: Logger

    /// Several, for a balancer may send each to another instance of the pooler, where it can't have our server process.
    private static let witnesses = 3
    /// How long a witness may wait for a server process.
    private static let patience = Duration.seconds(2)

    /// Looks, with other connections only where there is a pooler.
    ///
    /// - Parameter reading: what `pg_backend_pid()` said on the connection.
    /// - Throws: `PostgresError`: `protocolMisuse` where the server process is shared, `connectionRefused` where it can't be
    ///   found out, others where the connection fails.
    func check(_ connection: Connection, reading: Int32) async throws(PostgresError) {
        switch try await verdict(of: connection, reading: reading) {
        case .direct: return
        case .session: logger.debug("a pooler in session mode is in between")
        case .shared: throw Self.refusal
        case .unknown: throw Self.uncertainty
        }
    }

    /// - Throws: `PostgresError` where the connection fails.
    func verdict(of connection: Connection, reading: Int32) async throws(PostgresError) -> PoolerEvidence.Verdict {
        var evidence = PoolerEvidence(announced: connection.backendPID, readings: [reading])
        if evidence.verdict != .direct {
            var opened: [Connection] = []
            do throws(PostgresError) {
                try await gather(&evidence, for: connection, opening: &opened)
            } catch {
                await Self.release(opened)
                throw error
            }
            await Self.release(opened)
        }
        return evidence.verdict
    }

    private func gather(
        _ evidence: inout PoolerEvidence,
        for connection: Connection,
        opening opened: inout [Connection]
    ) async throws(PostgresError) {
        for _ in 0..<Self.witnesses {
            let witness = try await testimony(&opened)
            evidence.witnesses.append(witness)
            if witness == .unserved || evidence.verdict == .shared { return }
            for _ in 0..<2 { evidence.readings.append(try await Self.process(of: connection, within: .seconds(30))) }
            if evidence.verdict == .shared { return }
        }
    }

    /// - Throws: only where our task was cancelled.
    private func testimony(_ opened: inout [Connection]) async throws(PostgresError) -> PoolerEvidence.Witness {
        do throws(PostgresError) {
            var configuration = configuration
            configuration.cancelGrace = .seconds(1)
            let witness = try await Connection.open(configuration, logger: logger)
            opened.append(witness)
            do throws(PostgresError) {
                _ = try await witness.query("BEGIN", deadline: Self.patience)
            } catch {
                // PostgreSQL itself always begins one, unless it is short of something (53) or stopping (57).
                let isPassing = ["53", "57"].contains(error.sqlState?.class)
                guard !isPassing, error.kind == .server || error.kind == .connectionLost else { throw error }
                return .refusedTransaction
            }
            return .holds(try await Self.process(of: witness, within: Self.patience))
        } catch {
            if error.kind == .cancelled { throw error }
            return .unserved
        }
    }

    static func process(
        of connection: Connection,
        within limit: Duration
    ) async throws(PostgresError) -> Int32 {
        let rows = try await connection.query("SELECT pg_backend_pid() AS process", deadline: limit)
        guard let row = rows.first else { throw PostgresError(.decoding, "pg_backend_pid() gave no row") }
        return Int32(truncatingIfNeeded: try row.int("process"))
    }

    private static func release(_ connections: [Connection]) async {
        for connection in connections {
            // Not needed on a connection that is ended, but a pooler would otherwise throw the server process away.
            _ = try? await connection.query("ROLLBACK", deadline: patience)
            await connection.close()
        }
    }

    private static let remedy =
        "connect directly to the server, or through a pool in session mode (PgBouncer: pool_mode = session)"

    static let refusal = PostgresError(
        .protocolMisuse,
        """
        the connection goes through a pooler in transaction or statement mode, where the lock against a second run is lost and our \
        settings would reach the application's sessions
        """,
        hint: remedy
    )

    static let uncertainty = PostgresError(
        .connectionRefused,
        """
        the connection goes through a pooler that has no second server connection free, so that it can't be found out whether it is in \
        session mode, as it must be
        """,
        hint: "\(remedy), with at least two server connections"
    )
}
