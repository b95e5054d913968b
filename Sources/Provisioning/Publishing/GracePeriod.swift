// SPDX-License-Identifier: Apache-2.0
// Part of partition-cli. See LICENSE and CONTRIBUTING.md.

/// Runs the body to its end even where this task is cancelled, which then leaves it no more than the grace period.
func finished<Value: Sendable>(
    withGrace grace: Duration,
    _ body: @escaping @Sendable () async throws -> Value
) async throws -> Value {
    let task = Task { try await body() }
    return try await withTaskCancellationHandler {
        try await task.value
    } onCancel: {
        Task {
            try await Task.sleep(for: grace)
            task.cancel()
        }
    }
}
