// SPDX-License-Identifier: Apache-2.0
// Part of partition-cli. See LICENSE and CONTRIBUTING.md.

/// One of many may do something, and the next one when it stops: which of a process's routers reads for all of them.
actor Turn {
    private var isTaken = false
    private var waiting: [(ticket: UInt64, continuation: CheckedContinuation<Bool, Never>)] = []
    private var lastTicket: UInt64 = 0

    /// Runs the body when it is this task's turn. Doesn't run it when the task is cancelled before.
    nonisolated func whenMine(_ body: () async -> Void) async {
        guard await take() else { return }
        await body()
        await giveBack()
    }

    private func take() async -> Bool {
        if Task.isCancelled { return false }
        guard isTaken else {
            isTaken = true
            return true
        }
        lastTicket += 1
        let ticket = lastTicket
        return await withTaskCancellationHandler {
            await withCheckedContinuation { continuation in
                // A cancellation before this has found no ticket to cancel.
                if Task.isCancelled {
                    continuation.resume(returning: false)
                } else {
                    waiting.append((ticket, continuation))
                }
            }
        } onCancel: {
            Task { await self.cancel(ticket) }
        }
    }

    private func giveBack() {
        guard !waiting.isEmpty else {
            isTaken = false
            return
        }
        waiting.removeFirst().continuation.resume(returning: true)
    }

    private func cancel(_ ticket: UInt64) {
        guard let index = waiting.firstIndex(where: { $0.ticket == ticket }) else { return }
        waiting.remove(at: index).continuation.resume(returning: false)
    }
}
