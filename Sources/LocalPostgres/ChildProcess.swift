// SPDX-License-Identifier: Apache-2.0
// Part of partition-cli. See LICENSE and CONTRIBUTING.md.

#if canImport(Darwin)
    import Darwin
#else
    import Glibc
#endif

/// A process that we started and have to reap.
struct ChildProcess: Sendable {
    let pid: pid_t

    init(_ pid: pid_t) {
        self.pid = pid
    }

    /// True once it has ended; it is reaped then.
    func hasExited() -> Bool {
        var status: CInt = 0
        // -1 with ECHILD: reaped before.
        return waitpid(pid, &status, WNOHANG) != 0
    }

    /// - Returns: false when it still runs after that time.
    func exit(within limit: Duration) async -> Bool {
        let end = ContinuousClock.now + limit
        while !hasExited() {
            if end <= .now { return false }
            // In a task of its own, so that it sleeps although ours is cancelled: a server being stopped is waited for.
            await Task { try? await Task.sleep(for: .milliseconds(10)) }.value
        }
        return true
    }

    /// The children of a process, on Linux; empty elsewhere.
    static func children(of parent: pid_t) -> [pid_t] {
        guard let directory = opendir("/proc") else { return [] }
        defer { closedir(directory) }
        var children: [pid_t] = []
        while let entry = readdir(directory) {
            let name = withUnsafeBytes(of: entry.pointee.d_name) { bytes in
                String(decoding: bytes.prefix { $0 != 0 }, as: UTF8.self)
            }
            guard let pid = pid_t(name) else { continue }
            // "pid (name) state ppid …"; the name may have spaces and parentheses.
            let status = TextFile.read("/proc/\(pid)/stat")
            guard let end = status.lastIndex(of: ")") else { continue }
            let fields = status[status.index(after: end)...].split(separator: " ")
            if fields.count > 1, pid_t(fields[1]) == parent { children.append(pid) }
        }
        return children
    }
}
