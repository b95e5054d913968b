// SPDX-License-Identifier: Apache-2.0
// Part of partition-cli. See LICENSE and CONTRIBUTING.md.

#if canImport(Darwin)
    import Darwin
#else
    import Glibc
#endif

/// A file that a command reads as a whole.
struct InputFile {
    /// Why it can't be read: the end of a sentence.
    struct Unreadable: Error {
        var reason: String
        var isAbsent: Bool
    }

    let path: String
    /// What messages call it.
    let name: String
    /// In bytes; a longer one is refused.
    let sizeLimit: Int

    /// - Throws: ``CommandFailure`` of status `usage`.
    func bytes() throws(CommandFailure) -> [UInt8] {
        do {
            return try contents()
        } catch {
            throw CommandFailure(.usage, "the \(name) \(path) can't be read: \(error.reason)", remedy: "check its name")
        }
    }

    func contents() throws(Unreadable) -> [UInt8] {
        // Not to wait for a writer, should it be a pipe: it is refused.
        let descriptor = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK)
        guard descriptor >= 0 else {
            let failure = Self.failure()
            var link = stat()
            // A link to nothing is somebody's mistake, and no absence.
            guard failure.isAbsent, lstat(path, &link) == 0 else { throw failure }
            throw Unreadable(reason: "it is a symbolic link to a file that isn't there", isAbsent: false)
        }
        defer { close(descriptor) }
        var facts = stat()
        guard fstat(descriptor, &facts) == 0, facts.st_mode & S_IFMT == S_IFREG else {
            throw Unreadable(reason: "it is not an ordinary file", isAbsent: false)
        }
        var bytes: [UInt8] = []
        var buffer = [UInt8](repeating: 0, count: 64 << 10)
        while bytes.count <= sizeLimit {
            let count = read(descriptor, &buffer, buffer.count)
            if count == 0 { return bytes }
            if count < 0 {
                if errno == EINTR { continue }
                throw Self.failure()
            }
            bytes += buffer[..<count]
        }
        throw Unreadable(reason: "it has more than \(sizeLimit >> 20) MiB", isAbsent: false)
    }

    private static func failure() -> Unreadable {
        Unreadable(reason: String(cString: strerror(errno)), isAbsent: errno == ENOENT)
    }
}
