// SPDX-License-Identifier: Apache-2.0
// Part of partition-cli. See LICENSE and CONTRIBUTING.md.

import Dispatch

/// The thread of one connection.
///
/// libpq blocks (name resolution, `poll`), and Swift's own pool has one thread per core: two waiting connections in
/// ordinary actors stop every task of a two-core process. A serial dispatch queue without a target takes its threads
/// from the overcommit pool instead, so a waiting connection stalls nobody but itself.
final class ConnectionExecutor: SerialExecutor {
    private let queue = DispatchQueue(label: "partition-cli.libpq.connection")

    func enqueue(_ job: consuming ExecutorJob) {
        let job = UnownedJob(job)
        // Keeps the executor alive while the job runs: the last job of an actor may be its own deinit.
        queue.async { job.runSynchronously(on: self.asUnownedSerialExecutor()) }
    }

    func checkIsolated() {
        dispatchPrecondition(condition: .onQueue(queue))
    }
}
