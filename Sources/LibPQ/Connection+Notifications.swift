// SPDX-License-Identifier: Apache-2.0
// Part of partition-cli. See LICENSE and CONTRIBUTING.md.

import CLibPQ

extension Connection {
    /// Subscribes to a channel. In a transaction it takes effect at commit. The name is case-sensitive.
    ///
    /// - Parameter limit: how long the server may take to say so.
    package func listen(_ channel: String, within limit: Duration) async throws(PostgresError) {
        _ = try await query("LISTEN \(identifier: channel)", deadline: limit)
    }

    package func unlisten(_ channel: String) async throws(PostgresError) {
        _ = try await query("UNLISTEN \(identifier: channel)")
    }

    /// The next notification, waiting for it if there is none yet.
    ///
    /// Notifications that came with earlier answers are not lost: they are given first. While it waits, statements of
    /// other tasks on this connection wait, too.
    ///
    /// - Returns: nil when none came within the time.
    /// - Throws: kind `cancelled` when the task was cancelled (the connection goes on), `connectionLost` when the
    ///   connection broke or is closed.
    package func notification(within timeout: Duration) async throws(PostgresError) -> Notification? {
        try await interruptible { connection, interruption in
            connection.notification(until: .now + timeout, interruption: interruption)
        }
    }

    private func notification(
        until end: ContinuousClock.Instant,
        interruption: Interruption
    ) -> Result<Notification?, PostgresError> {
        guard let handle else { return .failure(PostgresError(.connectionLost, "the connection is closed")) }
        while true {
            if let next = PQnotifies(handle) {
                defer { PQfreemem(next) }
                let notification = Notification(
                    channel: String(cString: next.pointee.relname),
                    payload: String(cString: next.pointee.extra),
                    backendPID: next.pointee.be_pid
                )
                return .success(notification)
            }
            if interruption.isRequested {
                return .failure(PostgresError(.cancelled, "waiting for a notification was cancelled"))
            }
            if end <= .now { return .success(nil) }
            guard Poll.wait(socket: PQsocket(handle), for: .read, wakeUp: wakeUp, until: end) else { continue }
            guard PQconsumeInput(handle) == 1 else {
                let message = PostgresError.oneLine(String(cString: PQerrorMessage(handle)))
                finish()
                return .failure(PostgresError(.connectionLost, message))
            }
            logNotices()
        }
    }
}
