// SPDX-License-Identifier: Apache-2.0
// Part of partition-cli. See LICENSE and CONTRIBUTING.md.

#if canImport(Darwin)
    import Darwin
#else
    import Glibc
#endif

/// A file of metrics for node_exporter's textfile collector.
///
/// It is replaced as a whole, by a rename within its directory, so that a scrape in between reads the old or the new one. Everybody may read it
/// (mode 0644): node_exporter runs as a user of its own, and there is nothing secret in table names and numbers.
package struct MetricsFile: Sendable {
    /// More than this is no file of ours.
    private static let limit = 64 << 20

    package let path: String

    package init(_ path: String) {
        self.path = path
    }

    /// What the last run wrote; empty where there is no file yet.
    ///
    /// - Throws: ``TelemetryError`` where something else is at its place.
    package func samples() throws(TelemetryError) -> [MetricSample] {
        let descriptor = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK)
        guard descriptor >= 0 else {
            if errno == ENOENT { return [] }
            throw failure("could not be read")
        }
        defer { close(descriptor) }
        var status = stat()
        guard fstat(descriptor, &status) == 0, status.st_mode & S_IFMT == S_IFREG, status.st_size <= Self.limit else {
            throw foreign("it isn't an ordinary file of a reasonable size")
        }
        var bytes: [UInt8] = []
        var buffer = [UInt8](repeating: 0, count: 1 << 16)
        while true {
            let count = read(descriptor, &buffer, buffer.count)
            if count == 0 { break }
            guard count > 0 else {
                if errno == EINTR { continue }
                throw failure("could not be read")
            }
            bytes += buffer[..<count]
        }
        do {
            return try MetricSample.samples(of: String(decoding: bytes, as: UTF8.self))
        } catch {
            throw foreign(error.message)
        }
    }

    /// Puts the text in the file's place, on the disk.
    ///
    /// - Throws: ``TelemetryError``; the file is then as it was.
    package func replace(with text: String) throws(TelemetryError) {
        // Not named *.prom: node_exporter reads whatever is.
        let temporary = "\(path).\(getpid()).new"
        unlink(temporary)
        let descriptor = open(temporary, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0o600)
        guard descriptor >= 0 else { throw failure("could not be written beside") }
        let isWritten = Self.write(text, to: descriptor) && fchmod(descriptor, 0o644) == 0 && fsync(descriptor) == 0
        let reason = errno
        guard close(descriptor) == 0, isWritten else {
            unlink(temporary)
            throw failure("could not be written", reason)
        }
        guard rename(temporary, path) == 0 else {
            let reason = errno
            unlink(temporary)
            throw failure("could not be replaced", reason)
        }
        syncDirectory()
    }

    /// The rename is there without it; this keeps it through a crash of the machine, where the file system can.
    private func syncDirectory() {
        let slash = path.lastIndex(of: "/")
        let directory = slash.map { $0 == path.startIndex ? "/" : String(path[..<$0]) } ?? "."
        let descriptor = open(directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
        guard descriptor >= 0 else { return }
        fsync(descriptor)
        close(descriptor)
    }

    private static func write(_ text: String, to descriptor: CInt) -> Bool {
        var text = text
        return text.withUTF8 { bytes in
            var rest = UnsafeRawBufferPointer(bytes)
            while !rest.isEmpty {
                #if canImport(Darwin)
                    let count = Darwin.write(descriptor, rest.baseAddress, rest.count)
                #else
                    let count = Glibc.write(descriptor, rest.baseAddress, rest.count)
                #endif
                if count > 0 {
                    rest = UnsafeRawBufferPointer(rebasing: rest[count...])
                } else if errno != EINTR {
                    return false
                }
            }
            return true
        }
    }

    private func failure(_ what: String, _ number: CInt = errno) -> TelemetryError {
        TelemetryError(
            "the metrics file \(path) \(what): \(String(cString: strerror(number)))",
            remedy: "its directory must exist, with a right to write for this user"
        )
    }

    private func foreign(_ why: String) -> TelemetryError {
        TelemetryError(
            "\(path) isn't a file of metrics, and is left as it is: \(why)",
            remedy: "name another file with --metrics-file, or remove this one"
        )
    }
}
