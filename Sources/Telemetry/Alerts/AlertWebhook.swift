// SPDX-License-Identifier: Apache-2.0
// Part of partition-cli. See LICENSE and CONTRIBUTING.md.

import NIOHTTP1

#if canImport(FoundationEssentials)
    import FoundationEssentials
#else
    import Foundation
#endif

/// Whoever takes alerts in the format of Alertmanager's API, version 2: Alertmanager itself, or what speaks like it.
package struct AlertWebhook: Sendable {
    /// Alerts in one request; more are sent in several.
    private static let batch = 500

    private let client: ServiceClient

    /// - Parameter timeout: of each request.
    package init(_ url: ServiceURL, timeout: Duration = .seconds(5)) {
        client = ServiceClient(url: url, name: "the alert webhook", timeout: timeout)
    }

    /// - Throws: ``TelemetryError``.
    package func send(_ alerts: [Alert]) async throws(TelemetryError) {
        var rest = alerts[...]
        while !rest.isEmpty {
            try await client.send(
                .POST,
                "/api/v2/alerts",
                body: (try Self.json(rest.prefix(Self.batch)), "application/json")
            )
            rest = rest.dropFirst(Self.batch)
        }
    }

    private static func json(_ alerts: some Sequence<Alert>) throws(TelemetryError) -> String {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        do {
            return String(decoding: try encoder.encode(Array(alerts)), as: UTF8.self)
        } catch {
            throw TelemetryError("the alerts can't be written as JSON: \(error)")
        }
    }
}
