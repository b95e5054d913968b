// SPDX-License-Identifier: Apache-2.0
// Part of partition-cli. See LICENSE and CONTRIBUTING.md.

import Synchronization

#if canImport(Darwin)
    import Darwin
#else
    import Glibc
#endif

/// Standard output and standard error.
struct Standard: Sendable {
    static let output = Standard(descriptor: STDOUT_FILENO)
    static let error = Standard(descriptor: STDERR_FILENO)

    let descriptor: CInt

    var isTerminal: Bool { isatty(descriptor) == 1 }

    /// Why something written to standard output didn't get there; 0 where all did. A reader that has gone, as `head` does, has what it wanted.
    static var lostOutput: CInt { lost.load(ordering: .relaxed) }
    private static let lost = Atomic<CInt>(0)

    /// Gives the standard descriptors that the caller closed something to stand for: the next file or socket that is opened would else be taken
    /// for standard output, and a result written into the database's connection.
    static func occupyDescriptors() {
        for descriptor in [STDIN_FILENO, STDOUT_FILENO, STDERR_FILENO] where fcntl(descriptor, F_GETFD) == -1 {
            // The lowest free descriptor, which is this one. Writing to it fails, as it should.
            _ = open("/dev/null", O_RDONLY)
        }
    }

    /// The width of the terminal at this moment, 0 where it doesn't say; nil where the stream is no terminal.
    var columns: Int? {
        guard isTerminal else { return nil }
        var size = winsize()
        return ioctl(descriptor, UInt(TIOCGWINSZ), &size) == 0 ? Int(size.ws_col) : 0
    }

    /// All of it, or as much as the reader at the other end takes.
    ///
    /// - Returns: whether it was all of it; `errno` says why not.
    @discardableResult
    func write(_ text: String) -> Bool {
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
                } else if errno != EINTR && errno != EAGAIN {
                    if descriptor == STDOUT_FILENO && errno != EPIPE { Self.lost.store(errno, ordering: .relaxed) }
                    return false
                }
            }
            return true
        }
    }
}
