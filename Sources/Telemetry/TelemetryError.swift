// SPDX-License-Identifier: Apache-2.0
// Part of partition-cli. See LICENSE and CONTRIBUTING.md.

/// Why metrics or alerts could not be told, or a service's answer not be had. The message holds nothing secret.
package struct TelemetryError: Error, Hashable, Sendable, CustomStringConvertible {
    /// A sentence without a full stop: what happened, to what, why.
    package var message: String
    /// What to do about it.
    package var remedy: String?
    /// Nobody answered: the next question would most likely take as long, and have no answer either.
    package var isOutage = false

    package init(_ message: String, remedy: String? = nil) {
        self.message = message
        self.remedy = remedy
    }

    package var description: String { message }
}
