// SPDX-License-Identifier: Apache-2.0
// Part of partition-cli. See LICENSE and CONTRIBUTING.md.

import Foundation
import Telemetry
import Testing
import TestSupport

@Suite("AlertWebhook")
struct AlertWebhookTests {
    private static func alert(_ table: String, isFiring: Bool) -> Alert {
        Alert(
            labels: ["alertname": "PartitionQuotaExceeded", "table": table],
            annotations: ["summary": "full \"up\"\n\(table)"],
            at: Int64(Date().timeIntervalSince1970),
            isFiring: isFiring,
            lifetime: 3600
        )
    }

    private static func active(_ server: MonitoringServer) async throws -> Set<String> {
        let json = try await server.get("/api/v2/alerts?active=true")
        let alerts = try JSONSerialization.jsonObject(with: Data(json.utf8)) as? [[String: Any]] ?? []
        return Set(alerts.compactMap { ($0["labels"] as? [String: String])?["table"] })
    }

    @Test("Alertmanager takes what holds, and lets go of what is over")
    func firesAndResolves() async throws {
        let server = try await MonitoringServer.start(.alertmanager)
        defer { server.stop() }
        let webhook = AlertWebhook(try ServiceURL(parsing: server.url))
        try await webhook.send([Self.alert("a", isFiring: true), Self.alert("söndag", isFiring: true)])
        try await eventually("both are there") { try await Self.active(server) == ["a", "söndag"] }
        // The path may be given too.
        let whole = AlertWebhook(try ServiceURL(parsing: server.url + "/api/v2/alerts"))
        try await whole.send([Self.alert("a", isFiring: false), Self.alert("söndag", isFiring: true)])
        try await eventually("one is over") { try await Self.active(server) == ["söndag"] }
        // What never fired is no news.
        try await webhook.send([Self.alert("b", isFiring: false)])
        #expect(try await Self.active(server) == ["söndag"])
        try await webhook.send([])
    }

    @Test("many are sent in several requests")
    func many() async throws {
        let server = try await MonitoringServer.start(.alertmanager)
        defer { server.stop() }
        let webhook = AlertWebhook(try ServiceURL(parsing: server.url))
        try await webhook.send((0..<1201).map { Self.alert("t\($0)", isFiring: true) })
        try await eventually("all are there") { try await Self.active(server).count == 1201 }
    }
}
