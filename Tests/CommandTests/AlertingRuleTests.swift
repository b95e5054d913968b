// SPDX-License-Identifier: Apache-2.0
// Part of partition-cli. See LICENSE and CONTRIBUTING.md.

import Foundation
import LibPQ
import Telemetry
import Testing
import TestSupport

/// The rules of `deploy/prometheus`, on values that real runs wrote.
@Suite("Alerting rules", .temporaryDatabase)
struct AlertingRuleTests {
    private static let rules = "\(DeploymentFiles.directory)/prometheus/alerts.yaml"

    /// A table by days, with partitions for three, a default partition, and a map in the database.
    private static func makeDays() async throws -> EventsTable {
        let events = try await EventsTable()
        for statement: Statement in [
            "DROP TABLE events",
            "CREATE TABLE events (id bigint NOT NULL, event_ts timestamptz NOT NULL) PARTITION BY RANGE (event_ts)",
            """
            DO $$
            DECLARE
                today timestamptz := date_trunc('day', now());
            BEGIN
                FOR i IN 0..2 LOOP
                    EXECUTE format('CREATE TABLE %I PARTITION OF events FOR VALUES FROM (%L) TO (%L)',
                                   to_char(today + i * interval '1 day', '"events_"YYYY_MM_DD'),
                                   today + i * interval '1 day', today + (i + 1) * interval '1 day');
                END LOOP;
            END $$
            """,
            "CREATE TABLE events_default PARTITION OF events DEFAULT",
        ] { _ = try await events.connection.query(statement) }
        return events
    }

    private static func rotate(
        _ events: EventsTable,
        _ metrics: MetricsDirectory,
        _ more: String...
    ) async throws
        -> Int32
    {
        try await Tool.run(
            ["rotate", "--db-url=\(events.url)", "--registry-url=self", "--metrics-file=\(metrics.file)"] + more
        ).status
    }

    /// What of the alerts fires at this time after the run, when its metrics stay as it left them.
    ///
    /// Promtool's clock begins at 0: moments are counted from the run's end.
    private static func expect(
        _ firing: Set<String>,
        after time: String,
        of samples: [MetricSample],
        and others: [(series: String, values: String)] = []
    ) async throws {
        let end = samples.first { $0.name == "partition_rotate_last_run_timestamp_seconds" }?.value ?? 0
        var input = samples.map { sample -> [String: String] in
            let labels = sample.labels.sorted { $0.key < $1.key }.map { "\($0.key)=\"\($0.value)\"" }
            let value = sample.name.hasSuffix("_timestamp_seconds") ? sample.value - end : sample.value
            return ["series": "\(sample.name){\(labels.joined(separator: ","))}", "values": "\(value)+0x20000"]
        }
        input += others.map { ["series": $0.series, "values": $0.values] }
        let expected = firing.sorted().map { ["labels": "{alertname=\"\($0)\"}", "value": 1] as [String: Any] }
        let test: [String: Any] = [
            "rule_files": [rules], "evaluation_interval": "15s",
            "tests": [
                [
                    "interval": "15s", "input_series": input,
                    "promql_expr_test": [
                        [
                            "expr": "count by (alertname) (ALERTS{alertstate=\"firing\"})", "eval_time": time,
                            "exp_samples": expected,
                        ] as [String: Any]
                    ],
                ] as [String: Any]
            ],
        ]
        let file = FileManager.default.temporaryDirectory.appendingPathComponent("rules-\(UUID()).json")
        try json(test).write(to: file)
        _ = try await DeploymentFiles.output(of: "promtool", ["test", "rules", file.path])
    }

    @Test("all are silent after a run that leaves everything as it must be, and until the third night without one")
    func silent() async throws {
        let metrics = try MetricsDirectory()
        defer { metrics.remove() }
        let events = try await Self.makeDays()
        #expect(try await Self.rotate(events, metrics, "--quota-threshold=80", "--quota-capacity=1000TiB") == 0)
        let samples = try metrics.samples
        for time in ["1h", "24h", "70h"] {
            try await Self.expect([], after: time, of: samples)
        }
        try await Self.expect(["PartitionRotateTooOld"], after: "72h", of: samples)
    }

    @Test("days left fire also when no run tells of them any more")
    func clock() async throws {
        let metrics = try MetricsDirectory()
        defer { metrics.remove() }
        let events = try await Self.makeDays()
        #expect(try await Self.rotate(events, metrics, "--buffer-days=15") == 0)
        let samples = try metrics.samples
        let days = try #require(try metrics.value("days_of_partitions_remaining"))
        #expect(days > 15 && days < 17)
        try await Self.expect([], after: "1h", of: samples)
        try await Self.expect(["PartitionDaysRemainingLow", "PartitionRotateTooOld"], after: "73h", of: samples)
    }

    @Test("each fires after a run that leaves what it is about")
    func firing() async throws {
        let first = try MetricsDirectory()
        let metrics = try MetricsDirectory()
        defer {
            first.remove()
            metrics.remove()
        }
        let events = try await Self.makeDays()
        #expect(try await Self.rotate(events, first, "--buffer-days=4") == 0)
        for statement: Statement in [
            // Rows that no partition wants; a partition that isn't as it was made; a registry that takes nothing new.
            "INSERT INTO events VALUES (1, '1999-01-01')",
            """
            DO $$
            DECLARE
                newest regclass := (SELECT i.inhrelid FROM pg_inherits i JOIN pg_class c ON c.oid = i.inhrelid
                                     WHERE i.inhparent = 'events'::regclass AND c.relname LIKE 'events\\_2%'
                                     ORDER BY c.relname DESC LIMIT 1);
                next timestamptz := date_trunc('day', now()) + interval '30 days';
            BEGIN
                EXECUTE format('ALTER TABLE %s SET (fillfactor = 50)', newest);
                EXECUTE format('CREATE TABLE %I PARTITION OF events FOR VALUES FROM (%L) TO (%L)',
                               to_char(next, '"events_"YYYY_MM_DD'), next, next + interval '1 day');
            END $$
            """,
            """
            CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE EXCEPTION 'no'; END $$
            """,
            """
            CREATE TRIGGER refuse BEFORE INSERT OR UPDATE ON partition_registry.map
            FOR EACH ROW EXECUTE FUNCTION refuse()
            """,
        ] { _ = try await events.connection.query(statement) }
        #expect(try await Self.rotate(events, metrics, "--quota-threshold=80", "--quota-capacity=1kB") == 73)
        let broken: Set = [
            "PartitionDaysRemainingLow", "PartitionRotateNeverSucceeded", "PartitionRotateFailing",
            "PartitionDefaultRows", "PartitionQuotaExceeded", "PartitionRegistryDrift", "PartitionVerificationFailed",
        ]
        try await Self.expect(broken, after: "2h", of: try metrics.samples)
        // Not at once: a run that is followed by another wakes nobody.
        try await Self.expect([], after: "4m", of: try metrics.samples)

        // One that succeeded before: the same, but for that.
        #expect(try await Self.rotate(events, first, "--quota-threshold=80", "--quota-capacity=1kB") == 73)
        try await Self.expect(
            broken.subtracting(["PartitionRotateNeverSucceeded"]),
            after: "2h",
            of: try first.samples
        )
    }

    @Test("routing misses, which applications count, fire after 30 seconds, and are silent where there are none")
    func routing() async throws {
        let series = "partition_routing_miss_total{reason=\"beyond-last\",instance=\"a\"}"
        try await Self.expect([], after: "10m", of: [], and: [(series, "7+0x100")])
        try await Self.expect(["PartitionRoutingMisses"], after: "5m", of: [], and: [(series, "0+1x100")])
        // A single miss: seen for a minute, and long enough to fire.
        try await Self.expect(["PartitionRoutingMisses"], after: "5m30s", of: [], and: [(series, "0x19 1+0x100")])
        try await Self.expect([], after: "8m", of: [], and: [(series, "0x19 1+0x100")])
    }

    @Test("promtool accepts the rules; they and the dashboard name metrics that a run writes")
    func names() async throws {
        _ = try await DeploymentFiles.output(of: "promtool", ["check", "rules", Self.rules])
        let metrics = try MetricsDirectory()
        defer { metrics.remove() }
        let events = try await Self.makeDays()
        #expect(try await Self.rotate(events, metrics, "--quota-threshold=80") == 0)
        let written = Set(try metrics.samples.map(\.name))
        // Of PartitionRouter, in applications.
        let ofApplications: Set = ["partition_routing_miss_total"]

        let groups = try await DeploymentFiles.yaml(Self.rules)["groups"] as? [[String: Any]] ?? []
        let alerts = groups.flatMap { $0["rules"] as? [[String: Any]] ?? [] }.compactMap { $0["expr"] as? String }
        #expect(alerts.count == 9)
        let panels = try Self.dashboardExpressions()
        #expect(panels.count >= 12)
        for expression in alerts + panels {
            let named = expression.matches(of: /(days_of_)?partitions?_[a-z_]+/).map { String($0.output.0) }
            #expect(!named.isEmpty, "\(expression)")
            #expect(Set(named).isSubset(of: written.union(ofApplications)), "\(expression)")
        }
        // As recording rules, promtool parses expressions.
        let rules = panels.enumerated().map { ["record": "panel:\($0)", "expr": $1] }
        let file = "\(metrics.path)/panels.json"
        try Self.json(["groups": [["name": "panels", "rules": rules] as [String: Any]]])
            .write(to: URL(fileURLWithPath: file))
        _ = try await DeploymentFiles.output(of: "promtool", ["check", "rules", file])
    }

    /// YAML knows no escaped slash.
    private static func json(_ object: [String: Any]) throws -> Data {
        try JSONSerialization.data(withJSONObject: object, options: [.withoutEscapingSlashes])
    }

    private static func dashboardExpressions() throws -> [String] {
        let data = try Data(contentsOf: URL(fileURLWithPath: "\(DeploymentFiles.directory)/grafana/partition-cli.json"))
        let dashboard = try JSONSerialization.jsonObject(with: data) as? [String: Any]
        let panels = dashboard?["panels"] as? [[String: Any]] ?? []
        return panels.flatMap { $0["targets"] as? [[String: Any]] ?? [] }
            .compactMap { ($0["expr"] as? String)?.replacing("$database", with: ".*") }
    }
}
