// SPDX-License-Identifier: Apache-2.0
// Part of partition-cli. See LICENSE and CONTRIBUTING.md.

import Synchronization

/// Lets one of several tasks go on at a time: which, somebody decides who waits until all of them stand before it.
final class Gate: Sendable {
    enum Fate: Sendable {
        case goesOn
        /// The process is killed: what it was about to do isn't done.
        case dies
        /// What it does is done, and it never hears of it.
        case hearsNothing
    }

    private struct State {
        var tasks: Int
        var waiting: [Int: CheckedContinuation<Fate, Never>] = [:]
        var watcher: CheckedContinuation<Void, Never>?

        /// Whom to wake, once nobody runs.
        mutating func woken() -> CheckedContinuation<Void, Never>? {
            guard waiting.count == tasks else { return nil }
            defer { watcher = nil }
            return watcher
        }
    }

    private let state: Mutex<State>

    /// - Parameter tasks: So many that each ``leave()`` once.
    init(tasks: Int) {
        state = Mutex(State(tasks: tasks))
    }

    func pass(_ task: Int) async -> Fate {
        await withCheckedContinuation { continuation in
            let watcher = state.withLock { state in
                state.waiting[task] = continuation
                return state.woken()
            }
            watcher?.resume()
        }
    }

    func leave() {
        let watcher = state.withLock { state in
            state.tasks -= 1
            return state.woken()
        }
        watcher?.resume()
    }

    /// Who stands before it, once all do; empty when all have left.
    func waiting() async -> [Int] {
        await withCheckedContinuation { continuation in
            let isReady = state.withLock { state in
                guard state.waiting.count < state.tasks else { return true }
                state.watcher = continuation
                return false
            }
            if isReady { continuation.resume() }
        }
        return state.withLock { $0.waiting.keys.sorted() }
    }

    func release(_ task: Int, _ fate: Fate) {
        state.withLock { $0.waiting.removeValue(forKey: task) }?.resume(returning: fate)
    }
}
