// SPDX-License-Identifier: Apache-2.0
// Part of partition-cli. See LICENSE and CONTRIBUTING.md.

/// Runs the body, and cancels it at the end of its time.
///
/// - Returns: nil where the time was over first. The body has ended by then, as it does when it is cancelled.
package func limited<Value: Sendable>(
    until end: ContinuousClock.Instant,
    _ body: @escaping @Sendable () async -> Value
) async -> Value? {
    await withTaskGroup(of: Value?.self) { group in
        group.addTask { await body() }
        group.addTask {
            try? await Task.sleep(until: end)
            return nil
        }
        let first = await group.next() ?? nil
        group.cancelAll()
        return first
    }
}
