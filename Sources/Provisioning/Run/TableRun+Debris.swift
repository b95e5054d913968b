// SPDX-License-Identifier: Apache-2.0
// Part of partition-cli. See LICENSE and CONTRIBUTING.md.

import LibPQ
import Partitioning

/// What a table's run leaves on the way and has to take with it, however it ends.
struct Debris: Sendable {
    /// The CHECK on the default partition: it refuses rows.
    var check: String?
    /// Tables built and not attached.
    var unattached: [UInt32: RelationName] = [:]

    var isEmpty: Bool { check == nil && unattached.isEmpty }
}

extension TableRun {
    /// Clears away; after a cancellation too, for a few seconds.
    ///
    /// - Throws: the loss of the connection, after which the next plan finds what is left; a cancellation, when all is done.
    func clearAway(_ debris: Debris, _ result: inout Result) async throws {
        if debris.isEmpty { return }
        do {
            try Task.checkCancellation()
            result.findings += try await clear(debris, until: max(deadline, .now + .seconds(10)))
        } catch {
            guard error.isCancellation else { throw error }
            result.findings += try await Task { try await clear(debris, until: .now + .seconds(5)) }.value
            throw error
        }
    }

    private func clear(_ debris: Debris, until end: ContinuousClock.Instant) async throws -> [Finding] {
        var findings: [Finding] = []
        if let check = debris.check, let shield = shield() {
            do {
                if case .deferred(_, let blockers) = try await shield.drop(check, until: end) {
                    findings.append(leftover(check, shield, blockers.first.map { " (\($0))" } ?? ""))
                }
            } catch {
                if error.isConnectionLoss || error.isCancellation { throw error }
                // Together with its table it may be gone already.
                if error.sqlState != .catalogChanged && error.sqlState != .undefinedTable {
                    findings.append(leftover(check, shield, " (\(Failure(error).message))"))
                }
            }
            await PausePoint.checkDropped.reach()
        }
        for (oid, name) in debris.unattached {
            do {
                _ = try await remove(name, oid: oid, until: min(end, .now + .seconds(5)))
            } catch {
                // What is left of it is found, and adopted or removed, by the next run.
                if error.isConnectionLoss || error.isCancellation { throw error }
            }
        }
        return findings
    }

    /// Drops a table that was built and never attached, if it is still that: nobody's partition, and empty.
    func remove(
        _ name: RelationName,
        oid: UInt32,
        until end: ContinuousClock.Instant
    ) async throws -> LockLadder.Outcome {
        try await ladder.perform(
            LockedChange(
                locks: [LockUse(relation: name, oid: oid, mode: .accessExclusive)],
                body: """
                    IF to_regclass(\(quoted: Statement(name))) IS DISTINCT FROM \(literal: Int64(oid))::oid
                       OR (SELECT relispartition FROM pg_class WHERE oid = \(literal: Int64(oid))::oid)
                       OR pg_relation_size(\(literal: Int64(oid))::oid) > 0 THEN
                    RAISE EXCEPTION USING ERRCODE = \(literal: SQLState.catalogChanged.rawValue), MESSAGE = \(literal: "\(name) is in use, and is not removed");
                    END IF;
                    DROP TABLE \(name)
                    """,
                identities: [:],
                purpose: "remove \(name), which was never attached"
            ),
            on: connection,
            until: end,
            logger: logger
        )
    }

    private func leftover(_ check: String, _ shield: DefaultShield, _ why: String) -> Finding {
        Finding(
            .error,
            .leftoverCheck,
            table: table.name,
            object: check,
            "the CHECK \(check) could not be dropped from \(shield.defaultPartition.name)\(why): "
                + "it refuses rows of the new ranges",
            remedy: "the next run drops it first of all"
        )
    }
}
