// SPDX-License-Identifier: Apache-2.0
// Part of partition-cli. See LICENSE and CONTRIBUTING.md.

import Foundation
import LibPQ
import Telemetry
import Testing
import TestSupport

/// With the real Prometheus, node_exporter, Pushgateway and Alertmanager.
@Suite("Monitoring", .temporaryDatabase)
struct MonitoringTests {
    private static func query(_ server: MonitoringServer, _ expression: String) async throws -> [[String: Any]] {
        let encoded = expression.addingPercentEncoding(withAllowedCharacters: .alphanumerics) ?? ""
        let json = try await server.get("/api/v1/query?query=\(encoded)")
        let answer = try JSONSerialization.jsonObject(with: Data(json.utf8)) as? [String: Any]
        return (answer?["data"] as? [String: Any])?["result"] as? [[String: Any]] ?? []
    }

    private static func value(_ series: [String: Any]) -> Double? {
        (series["value"] as? [Any]).flatMap { $0.last as? String }.flatMap(Double.init)
    }

    @Test("Prometheus scrapes what a run wrote through node_exporter, and what it pushed")
    func scraped() async throws {
        let events = try await EventsTable()
        let metrics = try MetricsDirectory()
        defer { metrics.remove() }
        let gateway = try await MonitoringServer.start(.pushgateway)
        let exporter = try await MonitoringServer.start(.nodeExporter(directory: metrics.path))
        let prometheus = try await MonitoringServer.start(.prometheus(ports: [gateway.port, exporter.port]))
        defer { for server in [gateway, exporter, prometheus] { server.stop() } }
        let result = try await Tool.run(
            [
                "rotate", "--db-url=\(events.url)", "--registry-url=self", "--metrics-file=\(metrics.file)",
                "--metrics-push=\(gateway.url)",
            ]
        )
        #expect(result.status == 0, "\(result.everything)")
        #expect(result.error == "")
        let expression = "days_of_partitions_remaining{table=\"events\"}"
        try await eventually(within: .seconds(60), "both are scraped") {
            try await Self.query(prometheus, expression).count == 2
        }
        let days = try metrics.value("days_of_partitions_remaining")
        for series in try await Self.query(prometheus, expression) {
            let labels = try #require(series["metric"] as? [String: String])
            #expect(labels["database"] == events.database.name)
            #expect(labels["schema"] == "public")
            #expect(Self.value(series) == days)
        }
        // node_exporter found nothing to complain about.
        let errors = try await Self.query(prometheus, "node_textfile_scrape_error")
        #expect(errors.compactMap(Self.value) == [0])
        let quantile = try await Self.query(
            prometheus,
            "histogram_quantile(0.99, sum by (le, job) (partition_lock_wait_seconds_bucket))"
        )
        #expect(quantile.count == 2)
    }

    @Test("totals that were pushed go on with the next run, and a run that can't read them takes none away")
    func pushedTotals() async throws {
        let events = try await EventsTable()
        let gateway = try await MonitoringServer.start(.pushgateway)
        defer { gateway.stop() }
        let arguments = ["rotate", "--db-url=\(events.url)", "--registry-url=none", "--metrics-push=\(gateway.url)"]
        for days in [60, 60, 200] {
            #expect(try await Tool.run(arguments + ["--buffer-days=\(days)"]).status == 0)
        }
        let reader = Pushgateway(try ServiceURL(parsing: gateway.url), database: events.database.name)
        let samples = try await reader.samples()
        let created = try await Double(events.partitions.count - 1)
        #expect(samples.filter { $0.name == "partition_created_total" }.map(\.value) == [created])
        // A run that fails early keeps what was known.
        let nowhere = "--db-url=postgresql://u@127.0.0.1:1/\(events.database.name)"
        #expect(
            try await Tool.run(["rotate", nowhere, "--registry-url=none", "--metrics-push=\(gateway.url)"]).status == 69
        )
        let after = try await reader.samples()
        #expect(after.first { $0.name == "partition_rotate_exit_status" }?.value == 69)
        for name in ["partition_rotate_last_success_timestamp_seconds", "partition_covered_until_timestamp_seconds"] {
            let known = samples.first { $0.name == name }
            #expect(known != nil)
            #expect(after.first { $0.name == name } == known)
        }
    }

    @Test("a Pushgateway that hangs holds a run up for no longer than its time limits")
    func hung() async throws {
        let events = try await EventsTable()
        let gateway = try await MonitoringServer.start(.pushgateway)
        defer { gateway.stop() }
        try await gateway.pause()
        let result = try await Tool.run(
            [
                "rotate", "--db-url=\(events.url)", "--registry-url=none",
                "--metrics-push=\(gateway.url)", "--alert-webhook=\(gateway.url)",
            ]
        )
        #expect(result.status == 0)
        #expect(result.error.components(separatedBy: "no answer within 5.0 s").count == 3, "\(result.error)")
        try await gateway.resume()
    }

    @Test(
        "few days are those of the table's own emergency, not of everybody's",
        arguments: [("buffer: 10d", 10, false), ("buffer: 40d\n    emergency: 30d", 20, true)]
    )
    func ownEmergency(settings: String, days: Int, isFiring: Bool) async throws {
        let database = try TemporaryDatabase.current
        let connection = try await database.connect()
        _ = try await connection.query("CREATE TABLE visits (day date NOT NULL) PARTITION BY RANGE (day)")
        _ = try await connection.query(
            """
            DO \(literal: """
                BEGIN
                  FOR day IN -2..\(days) LOOP
                    EXECUTE format('CREATE TABLE %I PARTITION OF visits FOR VALUES FROM (%L) TO (%L)',
                      to_char(current_date + day, '"visits_"YYYYMMDD'), current_date + day, current_date + day + 1);
                  END LOOP;
                END
                """)
            """
        )
        let directory = FileManager.default.temporaryDirectory.appendingPathComponent("policy-\(UUID())")
        try FileManager.default.createDirectory(at: directory, withIntermediateDirectories: false)
        defer { try? FileManager.default.removeItem(at: directory) }
        let file = """
            tables:
              public.visits:
                by: { range: day, every: day }
                name: "{table}_{yyyy}{mm}{dd}"
                \(settings)

            """
        try file.write(
            to: directory.appendingPathComponent("partitions.yaml"),
            atomically: true,
            encoding: .utf8
        )
        let service = try await FixedService.start(answering: FixedService.answer("200 OK", "{}"))
        defer { service.stop() }
        let result = try await Tool.run(
            [
                "rotate", "--db-url=\(EventsTable.url(of: database))", "--registry-url=none",
                "--alert-webhook=http://127.0.0.1:\(service.port)", "--quota-threshold=80", "--quota-capacity=1kB",
            ],
            in: directory
        )
        #expect([0, 73].contains(result.status), "\(result.everything)")
        let body = try #require(service.asked.first?.split(separator: "\r\n\r\n").last)
        let alerts = try #require(try JSONSerialization.jsonObject(with: Data(body.utf8)) as? [[String: Any]])
        let coverage = try #require(
            alerts.first { ($0["labels"] as? [String: String])?["alertname"] == "PartitionCoverageLow" }
        )
        let ends = try #require(coverage["endsAt"] as? String)
        #expect((ends > coverage["startsAt"] as? String ?? "") == isFiring, "\(coverage)")
    }

    @Test("Alertmanager is told of what somebody must be woken for, and of its end")
    func alerts() async throws {
        let events = try await EventsTable()
        let alertmanager = try await MonitoringServer.start(.alertmanager)
        defer { alertmanager.stop() }
        func active() async throws -> [String: [String: Any]] {
            let json = try await alertmanager.get("/api/v2/alerts?active=true")
            let alerts = try JSONSerialization.jsonObject(with: Data(json.utf8)) as? [[String: Any]] ?? []
            return Dictionary(
                uniqueKeysWithValues: alerts.map { (($0["labels"] as? [String: String])?["alertname"] ?? "", $0) }
            )
        }
        func rotate(_ url: String, _ more: String...) async throws -> Int32 {
            try await Tool.run(
                ["rotate", "--db-url=\(url)", "--registry-url=none", "--alert-webhook=\(alertmanager.url)"] + more
            ).status
        }
        // No partition for now: both the quota and the coverage.
        for name in try await events.partitions {
            _ = try await events.connection.query("ALTER TABLE events DETACH PARTITION \(identifier: name)")
        }
        _ = try await events.connection.query(
            """
            DO $$
            DECLARE
                last timestamptz := date_trunc('month', now());
            BEGIN
                EXECUTE format('CREATE TABLE events_%s PARTITION OF events FOR VALUES FROM (%L) TO (%L)',
                               to_char(last - interval '1 month', 'YYYY"_before_"MM'), last - interval '1 month', last);
                EXECUTE format('CREATE TABLE events_%s PARTITION OF events FOR VALUES FROM (%L) TO (%L)',
                               to_char(last - interval '2 month', 'YYYY"_before_"MM'), last - interval '2 month', last - interval '1 month');
            END $$
            """
        )
        #expect(try await rotate(events.url, "--quota-threshold=80", "--quota-capacity=1kB") == 73)
        try await eventually("both fire") {
            try await Set(active().keys) == ["PartitionQuotaExceeded", "PartitionCoverageLow"]
        }
        let quota = try #require(try await active()["PartitionQuotaExceeded"])
        let labels = try #require(quota["labels"] as? [String: String])
        #expect(labels["database"] == events.database.name)
        #expect(labels["table"] == "events")
        let description = (quota["annotations"] as? [String: String])?["description"]
        #expect(description?.contains("PARTITION_QUOTA_EXCEEDED") == true)

        // A run that fails says so, and nothing of what it couldn't see.
        #expect(try await rotate("postgresql://u@127.0.0.1:1/\(events.database.name)") == 69)
        try await eventually("the failure fires too") {
            try await Set(active().keys) == ["PartitionQuotaExceeded", "PartitionCoverageLow", "PartitionRunFailed"]
        }
        #expect(try await rotate(events.url) == 0)
        try await eventually("all are over") { try await active().isEmpty }

        // What isn't as it must be fires until it is, not only in the run that made it so.
        let newest = try #require(try await events.partitions.last)
        _ = try await events.connection.query("ALTER TABLE \(identifier: newest) SET (fillfactor = 50)")
        for _ in 1...2 {
            #expect(try await rotate(events.url) == 0)
            try await eventually("verification fires") {
                try await Set(active().keys) == ["PartitionVerificationFailed"]
            }
        }
        _ = try await events.connection.query("ALTER TABLE \(identifier: newest) RESET (fillfactor)")
        #expect(try await rotate(events.url) == 0)
        try await eventually("all are over") { try await active().isEmpty }
    }
}
