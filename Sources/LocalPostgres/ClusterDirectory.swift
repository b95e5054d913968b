// SPDX-License-Identifier: Apache-2.0
// Part of partition-cli. See LICENSE and CONTRIBUTING.md.

#if canImport(Darwin)
    import Darwin
#else
    import Glibc
#endif

/// The files of a cluster: `data`, `log`, and the directory of the socket.
struct ClusterDirectory: Sendable {
    /// The longest path that a Unix socket may have: 107 bytes on Linux, 103 on Darwin.
    private static let longestSocketPath = 103
    private static let longestRelativePath = "/pg-XXXXXX/s/.s.PGSQL.65535.lock"

    let path: String

    var data: String { "\(path)/data" }
    var log: String { "\(path)/log" }
    var socket: String { "\(path)/s" }

    /// - Parameter parent: nil for `TMPDIR`, or `/tmp` where the path of the socket would be too long.
    static func make(in parent: String?, owner: ServerUser) throws(ClusterError) -> ClusterDirectory {
        let temporary = ProcessEnvironment.current["TMPDIR"].flatMap { $0.isEmpty ? nil : $0 } ?? "/tmp"
        let place = parent ?? (leavesRoom(temporary) ? temporary : "/tmp")
        guard leavesRoom(place) else { throw ClusterError("\(place) is too long a path for a Unix socket in it") }
        var template = Array("\(place)/pg-XXXXXX".utf8CString)
        guard let made = mkdtemp(&template) else {
            throw ClusterError("no directory can be made in \(place): \(String(cString: strerror(errno)))")
        }
        let directory = ClusterDirectory(path: String(cString: made))
        try owner.own(directory.path)
        guard mkdir(directory.socket, 0o700) == 0 else {
            throw ClusterError("\(directory.socket) can't be made: \(String(cString: strerror(errno)))")
        }
        try owner.own(directory.socket)
        return directory
    }

    private static func leavesRoom(_ path: String) -> Bool {
        path.utf8.count + longestRelativePath.utf8.count <= longestSocketPath
    }

    /// Later settings win in PostgreSQL's configuration file, so these override what initdb wrote.
    func append(_ settings: [String: String]) throws(ClusterError) {
        let lines = settings.sorted { $0.key < $1.key }.map { name, value in
            var quoted = ""
            for scalar in value.unicodeScalars {
                if scalar == "'" || scalar == "\\" { quoted.unicodeScalars.append(scalar) }
                quoted.unicodeScalars.append(scalar)
            }
            return "\(name) = '\(quoted)'\n"
        }
        let file = open("\(data)/postgresql.conf", O_WRONLY | O_APPEND | O_CLOEXEC)
        guard file >= 0 else { throw ClusterError("postgresql.conf can't be written") }
        defer { close(file) }
        let text = Array(lines.joined().utf8)
        guard write(file, text, text.count) == text.count else {
            throw ClusterError("postgresql.conf can't be written")
        }
    }

    /// The lines of `postmaster.pid`; empty when there is none.
    func statusLines() -> [String] {
        TextFile.read("\(data)/postmaster.pid").split(separator: "\n", omittingEmptySubsequences: false).map(
            String.init
        )
    }

    /// The last lines of the server's log, for error messages.
    func logTail() -> String {
        TextFile.read(log).split(separator: "\n").suffix(10).joined(separator: "\n")
    }
}
