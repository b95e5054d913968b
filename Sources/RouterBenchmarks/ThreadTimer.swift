// SPDX-License-Identifier: Apache-2.0
// Part of partition-cli. See LICENSE and CONTRIBUTING.md.

import Foundation
import Synchronization

/// Times loops by the processor time of their thread: what other processes take isn't counted, what other threads do to shared
/// cache lines is.
enum ThreadTimer {
    static func nanoseconds() -> Int64 {
        var time = timespec()
        clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time)
        return Int64(time.tv_sec) * 1_000_000_000 + Int64(time.tv_nsec)
    }

    /// Runs the work on so many threads at once, each made by `make`, and returns each thread's result.
    static func onThreads<R: Sendable>(_ count: Int, _ work: @escaping @Sendable (_ barrier: Barrier) -> R) -> [R] {
        let barrier = Barrier(count)
        let results = Results<R>()
        let threads = (0..<count).map { _ in
            let thread = Thread { results.add(work(barrier)) }
            thread.stackSize = 8 << 20
            thread.start()
            return thread
        }
        results.wait(for: count)
        withExtendedLifetime(threads) {}
        return results.all
    }

    private final class Results<R: Sendable>: Sendable {
        private let values = Mutex<[R]>([])
        private let done = DispatchSemaphore(value: 0)

        var all: [R] { values.withLock { $0 } }

        func add(_ value: R) {
            values.withLock { $0.append(value) }
            done.signal()
        }

        func wait(for count: Int) {
            for _ in 0..<count { done.wait() }
        }
    }
}

/// Holds threads until all have come.
final class Barrier: Sendable {
    private let count: Int
    private let arrived = Atomic<Int>(0)

    init(_ count: Int) {
        self.count = count
    }

    /// - Parameter round: Counts up from 0.
    func wait(round: Int) {
        arrived.add(1, ordering: .acquiringAndReleasing)
        while arrived.load(ordering: .acquiring) < (round + 1) * count { sched_yield() }
    }
}
