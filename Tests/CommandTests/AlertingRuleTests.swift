// SPDX-License-Identifier: Apache-2.0
// Part of partition-cli. See LICENSE and CONTRIBUTING.md.

import Foundation
import LibPQ
import PartitionMap
import PartitionRouter
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
        let series = samples.map { sample -> (series: String, values: String) in
            let value = sample.name.hasSuffix("_timestamp_seconds") ? sample.value - end : sample.value
            return (sample.series, "\(value)+0x20000")
        }
        let expected = firing.sorted().map { ["labels": "{alertname=\"\($0)\"}", "value": 1] as [String: Any] }
        try await Self.expect(expected, by: "alertname", after: time, scraping: "15s", series + others)
    }

    /// - Parameters:
    ///   - expected: what promtool's `exp_samples` are, with as many alerts as each stands for.
    ///   - labels: by which alerts are counted.
    private static func expect(
        _ expected: [[String: Any]],
        by labels: String,
        after time: String,
        scraping interval: String,
        _ series: [(series: String, values: String)]
    ) async throws {
        let test: [String: Any] = [
            "rule_files": [rules], "evaluation_interval": "15s",
            "tests": [
                [
                    "interval": interval,
                    "input_series": series.map { ["series": $0.series, "values": $0.values] },
                    "promql_expr_test": [
                        [
                            "expr": "count by (\(labels)) (ALERTS{alertstate=\"firing\"})", "eval_time": time,
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

    /// What a router counts: a series for each reason, with its labels.
    private static func misses() throws -> [MetricSample] {
        let factory = PrometheusMetricsFactory(logger: .test)
        let router = Router(
            entity: EntityName(schema: "app", table: "orders"),
            registry: MemoryRegistry(),
            logger: .test,
            metrics: factory
        )
        #expect(throws: RoutingMiss.self) { try router.reader().index(for: 0) }
        let counted = try MetricSample.samples(of: factory.metrics.text)
            .filter { $0.name == "partition_routing_miss_total" }
        #expect(counted.filter { $0.value == 1 }.map(\.labels) == [["table": "app.orders", "reason": "no_map"]])
        return counted
    }

    /// One run was, or its absence would be what fires.
    private static let ran = (series: "partition_rotate_last_run_timestamp_seconds{database=\"a\"}", values: "0x20000")

    @Test(
        "routing misses that go on fire for each table and reason that is one, and are silent where there are none or just one",
        arguments: ["15s", "60s"]
    )
    func routing(interval: String) async throws {
        let series = try Self.misses()
        #expect(series.count > 4)
        func expect(_ firing: [MetricSample], after time: String, _ values: String) async throws {
            let expected = firing.map { sample -> [String: Any] in
                let labels = sample.labels.merging(["alertname": "PartitionRoutingMisses"]) { $1 }
                    .sorted { $0.key < $1.key }.map { "\($0.key)=\"\($0.value)\"" }.joined(separator: ",")
                return ["labels": "{\(labels)}", "value": 1]
            }
            try await Self.expect(
                expected,
                by: "alertname, table, reason",
                after: time,
                scraping: interval,
                [Self.ran] + series.map { ($0.series, values) }
            )
        }
        let harmless = ["superseded", "served_stale"]
        let misses = series.filter { !harmless.contains($0.labels["reason"] ?? "") }
        #expect(misses.count == series.count - 2)
        try await expect(misses, after: "20m", "0+1x400")
        // Fires while they go on, and is over soon after.
        let passing = "0+1x\(Self.scrapes(600, interval)) 99+0x400"
        try await expect(misses, after: "10m", passing)
        try await expect([], after: "20m", passing)
        try await expect([], after: "10m", "7+0x400")
        // Applications that begin to count anew.
        try await expect([], after: "10m", "7+0x\(Self.scrapes(420, interval)) 0+0x400")
        // A single one, whenever one looks.
        for time in ["2m30s", "4m", "5m", "7m", "10m"] { try await expect([], after: time, "0x1 1+0x400") }
    }

    private static func scrapes(_ seconds: Int, _ interval: String) -> Int { seconds / (Int(interval.dropLast()) ?? 1) }

    @Test("no metrics of a run at all fire, and so does a database of which there are none any more")
    func missing() async throws {
        try await Self.expect(["PartitionRotateMissing"], after: "1h", of: [])
        try await Self.expect([], after: "20m", of: [])
        let gone = (series: "partition_rotate_last_run_timestamp_seconds{database=\"b\"}", values: "0x240 stale")
        try await Self.expect([], after: "1h", of: [], and: [Self.ran, gone])
        for time in ["2h", "70h"] {
            try await Self.expect(
                [["labels": "{alertname=\"PartitionRotateMissing\", database=\"b\"}", "value": 1]],
                by: "alertname, database",
                after: time,
                scraping: "15s",
                [Self.ran, gone]
            )
        }
        try await Self.expect([], after: "74h", of: [], and: [Self.ran, gone])
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
        // With a standby alone: `GuardReplicaTests` sees a run write it.
        let ofStandbys: Set = ["partition_replication_lag_seconds"]

        let groups = try await DeploymentFiles.yaml(Self.rules)["groups"] as? [[String: Any]] ?? []
        let alerts = groups.flatMap { $0["rules"] as? [[String: Any]] ?? [] }.compactMap { $0["expr"] as? String }
        #expect(alerts.count == 10)
        let panels = try Self.dashboardExpressions()
        #expect(panels.count >= 12)
        for expression in alerts + panels {
            let named = expression.matches(of: /(days_of_)?partitions?_[a-z_]+/).map { String($0.output.0) }
            #expect(!named.isEmpty, "\(expression)")
            #expect(Set(named).isSubset(of: written.union(ofApplications).union(ofStandbys)), "\(expression)")
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

extension MetricSample {
    /// As promtool takes it.
    fileprivate var series: String {
        let labels = labels.sorted { $0.key < $1.key }.map { "\($0.key)=\"\($0.value)\"" }
        return "\(name){\(labels.joined(separator: ","))}"
    }
}
