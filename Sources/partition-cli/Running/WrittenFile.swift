// SPDX-License-Identifier: Apache-2.0
// Part of partition-cli. See LICENSE and CONTRIBUTING.md.

#if canImport(Darwin)
    import Darwin
#else
    import Glibc
#endif

/// A file that a command writes: whole or not at all.
struct WrittenFile {
    let path: String
    /// Otherwise one that is there stays.
    let replacesExisting: Bool
    /// What others may do with it is the caller's umask to say; 0600 for what nobody else is to read.
    var mode: mode_t = 0o644

    /// Looks whether it may be written, before any work is done for it.
    ///
    /// - Throws: ``CommandFailure`` of status `usage`.
    func check() throws(CommandFailure) {
        try checkKind()
        guard !replacesExisting, access(path, F_OK) == 0 else { return }
        throw CommandFailure(
            .usage,
            "\(path) is there already",
            remedy: "say --force to replace it, or name another file"
        )
    }

    /// A file takes the place of what is there: of a device, a directory or a link that would be a loss.
    private func checkKind() throws(CommandFailure) {
        var status = stat()
        guard lstat(path, &status) == 0, status.st_mode & S_IFMT != S_IFREG else { return }
        let isLink = status.st_mode & S_IFMT == S_IFLNK
        throw CommandFailure(
            .usage,
            "\(path) is \(isLink ? "a symbolic link" : "no regular file"), and would be replaced by one",
            remedy: isLink ? "name the file that it points to" : "name another file"
        )
    }

    /// Writes a new file beside it and gives that its name.
    ///
    /// - Throws: ``CommandFailure`` of status `failed`.
    func write(_ text: String) throws(CommandFailure) {
        var template = Array("\(path).XXXXXX".utf8CString)
        let descriptor = mkstemp(&template)
        guard descriptor >= 0 else { throw failure() }
        let temporary = String(decoding: template.dropLast().map { UInt8(bitPattern: $0) }, as: UTF8.self)
        let mask = umask(0)
        _ = umask(mask)
        // Whoever might not read what is replaced may not read what replaces it.
        var replaced = stat()
        let mode = lstat(path, &replaced) == 0 ? mode & ~mask & replaced.st_mode : mode & ~mask
        let isWritten =
            Standard(descriptor: descriptor).write(text) && fchmod(descriptor, mode) == 0
            && fsync(descriptor) == 0
        let isClosed = close(descriptor) == 0
        guard isWritten, isClosed, give(temporary) else {
            let failure = failure()
            unlink(temporary)
            throw failure
        }
    }

    /// Without `--force` also where a file came there in the meantime.
    private func give(_ temporary: String) -> Bool {
        if replacesExisting { return rename(temporary, path) == 0 }
        guard link(temporary, path) == 0 else { return false }
        unlink(temporary)
        return true
    }

    private func failure() -> CommandFailure {
        CommandFailure(
            .failed,
            "\(path) can't be written: \(String(cString: strerror(errno)))",
            remedy: "check the directory and its rights, or name another file"
        )
    }
}
