// SPDX-License-Identifier: Apache-2.0
// Part of partition-cli. See LICENSE and CONTRIBUTING.md.

import CLibPQ
import Dispatch
import Synchronization

/// One `PQcancel` on its way.
///
/// PQcancel connects to the server, sends, and waits without a bound until the server closes that connection; a
/// stopped server never does. So it gets a thread of its own, and the connection's thread waits for it: a statement
/// is not over before its cancel request is, which is why a request can't hit the statement after it.
final class CancelRequest: Sendable {
    private let done = Atomic<Bool>(false)

    var isDone: Bool { done.load(ordering: .acquiring) }

    /// To be called on the connection's thread while a statement is running.
    static func send(for handle: OpaquePointer, wakeUp: WakeUpPipe) -> CancelRequest {
        let request = CancelRequest()
        // A copy of address and key, made for use by another thread (PostgreSQL documentation, "Canceling Queries in
        // Progress"); it is given away here and never touched again.
        nonisolated(unsafe) let cancel = PQgetCancel(handle)
        // Not a global queue: those threads are the ones that Swift's tasks run on.
        DispatchQueue(label: "partition-cli.libpq.cancel").async {
            var buffer = [CChar](repeating: 0, count: 256)
            // A request that did not get through shows in that the statement goes on, and is repeated.
            _ = PQcancel(cancel, &buffer, CInt(buffer.count))
            PQfreeCancel(cancel)
            request.done.store(true, ordering: .releasing)
            wakeUp.signal()
        }
        return request
    }
}
