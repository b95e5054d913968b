// SPDX-License-Identifier: Apache-2.0
// Part of partition-cli. See LICENSE and CONTRIBUTING.md.

import LibPQ
import TestSupport

extension Connection {
    /// Waits until the session `pid` of the same server runs a statement and, if given, waits in it for that event.
    func waitUntilActive(_ pid: Int32, waitEvent: String? = nil) async throws {
        try await eventually("session \(pid) runs a statement") {
            let rows = try await query(
                """
                SELECT FROM pg_stat_activity WHERE pid = \(bind: Int(pid)) AND state = 'active'
                AND (\(bind: waitEvent)::text IS NULL OR wait_event = \(bind: waitEvent))
                """
            )
            return rows.count == 1
        }
    }

    func text(_ statement: Statement) async throws -> String? {
        let rows = try await query(statement)
        return try rows[0].optionalString(rows.columns[0])
    }
}
