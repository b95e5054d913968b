// SPDX-License-Identifier: Apache-2.0
// Part of partition-cli. See LICENSE and CONTRIBUTING.md.

import Glibc

/// The server's process behind a connection, looked for on this machine.
///
/// An address proves nothing: a server that is reached through a tunnel, or by a pooler beside it, says that it was reached over loopback
/// or a local socket, which is true where it runs.
struct LocalBackend {
    let process: Int
    /// The client's port as the server sees it; nil for a local socket.
    let clientPort: Int?

    var isHere: Bool { Self.title(of: process).map(matches) ?? false }

    /// Whether a process' title is that of this backend, for example `postgres: app orders 127.0.0.1(54321) SELECT`. With
    /// `update_process_title` off it says the same without the last word.
    func matches(_ title: String) -> Bool {
        title.hasPrefix("postgres: ") && title.contains(clientPort.map { "(\($0)) " } ?? " [local] ")
    }

    /// nil where there is no such process, or it may not be looked at.
    private static func title(of process: Int) -> String? {
        guard let file = fopen("/proc/\(process)/cmdline", "r") else { return nil }
        defer { fclose(file) }
        var bytes = [UInt8](repeating: 0, count: 1024)
        let count = fread(&bytes, 1, bytes.count, file)
        // Arguments end in NUL; a title is one, in the space that the arguments had.
        return String(decoding: bytes[..<count].prefix { $0 != 0 }, as: UTF8.self)
    }
}
