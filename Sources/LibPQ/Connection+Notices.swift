// SPDX-License-Identifier: Apache-2.0
// Part of partition-cli. See LICENSE and CONTRIBUTING.md.

import CLibPQ
import Logging

extension Connection {
    /// The notices since the last call, oldest first; at most the newest 1000. They are logged at debug level, too.
    package func takeNotices() -> [Notice] {
        notices.takeAll()
    }

    /// From now on until `PQfinish`. libpq calls back on the thread that reads from the connection, which is ours, and the
    /// buffer lives as long as the actor, which outlives the handle.
    func collectNotices(of handle: OpaquePointer) {
        PQsetNoticeReceiver(
            handle,
            { buffer, result in
                guard let buffer, let result else { return }
                Unmanaged<NoticeBuffer>.fromOpaque(buffer).takeUnretainedValue().append(Notice(result: result))
            },
            Unmanaged.passUnretained(notices).toOpaque()
        )
    }

    func logNotices() {
        for notice in notices.takeUnlogged() {
            logger.debug(
                "notice from PostgreSQL",
                metadata: [
                    "severity": "\(notice.severity)",
                    "sqlstate": "\(notice.sqlState?.rawValue ?? "")",
                    "notice": "\(notice.message)",
                ]
            )
        }
    }
}
