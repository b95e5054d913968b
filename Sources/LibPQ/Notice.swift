// SPDX-License-Identifier: Apache-2.0
// Part of partition-cli. See LICENSE and CONTRIBUTING.md.

/// A message that the server sends beside a result: NOTICE, WARNING, INFO…
package struct Notice: Sendable, Hashable {
    /// Not localised: `NOTICE`, `WARNING`, `INFO`, `LOG`, `DEBUG`.
    package let severity: String
    package let sqlState: SQLState?
    package let message: String
    package let detail: String?
    package let hint: String?
}

/// Takes notices from libpq's callback, on the connection's thread.
final class NoticeBuffer {
    /// The newest are kept; a server in a loop of RAISE NOTICE must not fill the memory.
    static let capacity = 1_000

    private(set) var notices: [Notice] = []
    /// How many of `notices` were logged.
    private var logged = 0

    func append(_ notice: Notice) {
        if notices.count == Self.capacity {
            notices.removeFirst()
            logged = max(0, logged - 1)
        }
        notices.append(notice)
    }

    func takeUnlogged() -> ArraySlice<Notice> {
        defer { logged = notices.count }
        return notices[logged...]
    }

    func takeAll() -> [Notice] {
        defer {
            notices = []
            logged = 0
        }
        return notices
    }
}
