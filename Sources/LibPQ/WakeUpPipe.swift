// SPDX-License-Identifier: Apache-2.0
// Part of partition-cli. See LICENSE and CONTRIBUTING.md.

import CLibPQ
import Synchronization

#if canImport(Darwin)
    import Darwin
#else
    import Glibc
#endif

/// Ends a connection's `poll` from another thread.
///
/// The descriptors live as long as anybody who might still write to them, so a late wake-up can't reach a descriptor
/// that meanwhile belongs to something else.
final class WakeUpPipe: Sendable {
    let readEnd: CInt
    private let writeEnd: CInt

    init() throws(PostgresError) {
        var ends: [CInt] = [-1, -1]
        guard CLibPQ_makePipe(&ends) == 0 else {
            throw PostgresError(.connectionRefused, "no pipe for the connection: \(String(cString: strerror(errno)))")
        }
        readEnd = ends[0]
        writeEnd = ends[1]
    }

    deinit {
        close(readEnd)
        close(writeEnd)
    }

    /// Safe to call from any thread, also from a cancellation handler: it never blocks. A full pipe is fine, as the
    /// reader is then awake anyway.
    func signal() {
        var byte: UInt8 = 1
        _ = write(writeEnd, &byte, 1)
    }

    func drain() {
        var buffer: [UInt8] = .init(repeating: 0, count: 64)
        while read(readEnd, &buffer, buffer.count) > 0 {}
    }
}

/// The wish of one task to end its own statement.
///
/// The flag belongs to the statement, the pipe to the connection: a wake-up that arrives late, or is meant for a
/// statement that still waits for its turn, finds the running statement's flag unset and changes nothing.
final class Interruption: Sendable {
    private let flag = Atomic<Bool>(false)
    private let wakeUp: WakeUpPipe

    init(wakeUp: WakeUpPipe) {
        self.wakeUp = wakeUp
    }

    var isRequested: Bool { flag.load(ordering: .acquiring) }

    func request() {
        flag.store(true, ordering: .releasing)
        wakeUp.signal()
    }
}
