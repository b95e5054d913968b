// SPDX-License-Identifier: Apache-2.0
// Part of partition-cli. See LICENSE and CONTRIBUTING.md.

import Foundation
import LibPQ
import Telemetry
import Testing
import TestSupport

@Suite("Metrics of rotate", .temporaryDatabase)
struct MetricsTests {
    private let metrics: MetricsDirectory

    init() throws { metrics = try MetricsDirectory() }

    private func rotate(_ url: String, _ more: String...) async throws -> Tool.Result {
        try await Tool.run(["rotate", "--db-url=\(url)", "--metrics-file=\(metrics.file)"] + more)
    }

    @Test("are what the catalog says after the run, and promtool has nothing to say of them but of a name in days")
    func values() async throws {
        defer { metrics.remove() }
        let events = try await EventsTable()
        _ = try await events.connection.query("CREATE TABLE events_default PARTITION OF events DEFAULT")
        _ = try await events.connection.query(
            "INSERT INTO events SELECT i, '1999-01-01' FROM generate_series(1, 3) i"
        )
        let before = Date().timeIntervalSince1970
        let result = try await rotate(events.url, "--registry-url=self", "--output=json")
        #expect(result.status == 0, "\(result.everything)")
        let text = try metrics.text
        // The name is the pattern's; partition_covered_until_timestamp_seconds says the same in the base unit.
        #expect(
            try await MonitoringServer.complaints(about: text)
                == "days_of_partitions_remaining use base unit \"seconds\" instead of \"days\"\nstatus 3"
        )

        let row = try #require(
            try await events.connection.query(
                """
                SELECT extract(epoch FROM max(substring(pg_get_expr(relpartbound, oid) FROM $$TO \\('(.*)'\\)$$)::timestamptz))::bigint AS until
                  FROM pg_class WHERE relispartition AND relname LIKE 'events\\_2%'
                """
            ).first
        )
        let until = try Double(row.int64("until"))
        #expect(try metrics.value("partition_covered_until_timestamp_seconds", table: "events") == until)
        let days = try #require(try metrics.value("days_of_partitions_remaining", table: "events"))
        #expect(abs(days - (until - before) / 86_400) < 0.01)
        #expect(days > 60)
        #expect(try metrics.value("partition_default_rows", table: "events") == 3)
        #expect(try metrics.value("partition_missing_indexes", table: "events") == 0)
        #expect(try metrics.value("partition_gaps", table: "events") == 0)
        #expect(try metrics.value("partition_pending_detach", table: "events") == 0)
        #expect(try metrics.value("partition_verification_errors", table: "events") == 0)
        #expect(try metrics.value("partition_quota_exceeded", table: "events") == 0)
        #expect(try metrics.value("partition_registry_drift", table: "events") == 0)
        let version = try await events.publishedVersion.map(Double.init)
        #expect(try metrics.value("partition_registry_version", table: "events") == version)
        let created = try await Double(events.partitions.count - 2)
        #expect(try metrics.value("partition_created_total", table: "events") == created)
        // There from the start; how many depends on how busy the machine is.
        #expect(try metrics.value("partition_lock_timeouts_total", table: "events") != nil)
        #expect(try metrics.value("partition_lock_wait_seconds_count") ?? 0 >= created)
        #expect(try metrics.value("partition_rotate_exit_status") == 0)
        #expect(try #require(try metrics.value("partition_rotate_duration_seconds")) > 0)
        let success = try #require(try metrics.value("partition_rotate_last_success_timestamp_seconds"))
        #expect((before...(before + 60)).contains(success))
        #expect(try metrics.samples.allSatisfy { $0.labels["database"] == events.database.name })
    }

    @Test("go on from run to run: totals add up, and a run that creates nothing stands still")
    func totals() async throws {
        defer { metrics.remove() }
        let events = try await EventsTable()
        #expect(try await rotate(events.url, "--registry-url=none", "--buffer-days=60").status == 0)
        let first = try #require(try metrics.value("partition_created_total"))
        #expect(try await rotate(events.url, "--registry-url=none", "--buffer-days=60").status == 0)
        #expect(try metrics.value("partition_created_total") == first)
        #expect(try await rotate(events.url, "--registry-url=none", "--buffer-days=200").status == 0)
        #expect(try metrics.value("partition_created_total") == Double(try await events.partitions.count - 1))
    }

    @Test("of a run that could not reach the database keep what was known: days go by, the last success stays")
    func unreachable() async throws {
        defer { metrics.remove() }
        let events = try await EventsTable()
        #expect(try await rotate(events.url, "--registry-url=none").status == 0)
        let known = Dictionary(
            uniqueKeysWithValues: try metrics.samples.map { ($0.name + "\($0.labels["le"] ?? "")", $0.value) }
        )
        // As if it had been written two days ago.
        let until = try #require(known["partition_covered_until_timestamp_seconds"])
        let days = try #require(known["days_of_partitions_remaining"])
        let aged = try metrics.text.replacing("\(days)", with: "\(days + 2)")
        try aged.write(toFile: metrics.file, atomically: true, encoding: .utf8)

        let nowhere = "postgresql://u@127.0.0.1:1/\(events.database.name)"
        #expect(try await rotate(nowhere, "--registry-url=none").status == 69)
        #expect(try metrics.value("partition_rotate_exit_status") == 69)
        #expect(try metrics.value("partition_covered_until_timestamp_seconds") == until)
        #expect(abs(try #require(try metrics.value("days_of_partitions_remaining")) - days) < 0.01)
        for name in ["partition_rotate_last_success_timestamp_seconds", "partition_created_total", "partition_gaps"] {
            #expect(try metrics.value(name) == known[name], "\(name)")
        }
        #expect(
            try #require(try metrics.value("partition_rotate_last_run_timestamp_seconds"))
                > #require(known["partition_rotate_last_success_timestamp_seconds"])
        )
    }

    @Test("of a table that was dropped, or isn't looked after any more, are gone; those of tables beside stay")
    func dropped() async throws {
        defer { metrics.remove() }
        let events = try await EventsTable()
        for statement: Statement in [
            "CREATE TABLE logs (LIKE events) PARTITION BY RANGE (event_ts)",
            """
            DO $$
            DECLARE
                first timestamptz := date_trunc('month', now());
            BEGIN
                EXECUTE format('CREATE TABLE logs_%s PARTITION OF logs FOR VALUES FROM (%L) TO (%L)',
                               to_char(first, 'YYYY_MM'), first, first + interval '1 month');
            END $$
            """,
        ] { _ = try await events.connection.query(statement) }
        #expect(try await rotate(events.url, "--registry-url=none", "--table=events").status == 0)
        #expect(try metrics.value("days_of_partitions_remaining", table: "logs") == nil)
        // Each of the two is looked after by a schedule of its own.
        #expect(try await rotate(events.url, "--registry-url=none", "--table=logs").status == 0)
        #expect(try metrics.value("days_of_partitions_remaining", table: "logs") != nil)
        #expect(try metrics.value("days_of_partitions_remaining", table: "events") != nil)
        _ = try await events.connection.query("DROP TABLE logs")
        #expect(try await rotate(events.url, "--registry-url=none").status == 0)
        #expect(try !metrics.text.contains("table=\"logs\""))
        #expect(try metrics.value("days_of_partitions_remaining", table: "events") != nil)
    }

    @Test("say what the run could not do: the quota, a lock, another run at work")
    func hindered() async throws {
        defer { metrics.remove() }
        let events = try await EventsTable()
        let quota = try await rotate(
            events.url,
            "--registry-url=none",
            "--quota-threshold=80",
            "--quota-capacity=1kB"
        )
        #expect(quota.status == 73)
        #expect(try metrics.value("partition_quota_exceeded") == 1)
        #expect(try #require(try metrics.value("partition_quota_used_ratio")) > 1)
        #expect(
            try metrics.samples.first { $0.name == "partition_quota_unknown" }?.labels["tablespace"] == "pg_default"
        )
        #expect(try metrics.value("partition_quota_unknown") == 0)
        // Days that are missing aren't what a verification finds.
        #expect(try metrics.value("partition_verification_errors") == 0)
        #expect(try metrics.value("partition_rotate_last_success_timestamp_seconds") == nil)
        #expect(try #require(try metrics.value("days_of_partitions_remaining")) <= 31)

        let first = try Tool.start(
            ["rotate", "--db-url=\(events.url)", "--registry-url=none"],
            environment: ["PARTITION_CLI_PAUSE_AT": "observed"]
        )
        try await eventually("the first run has its plan") { first.error.contains("paused at observed") }
        #expect(try await rotate(events.url, "--registry-url=none").status == 76)
        #expect(try metrics.value("partition_rotate_exit_status") == 76)
        // It knew nothing of the quota, so what was known stays; it could read the catalog.
        #expect(try metrics.value("partition_quota_exceeded") == 1)
        #expect(try #require(try metrics.value("days_of_partitions_remaining")) <= 31)
        first.signal(SIGTERM)
        _ = await first.result()

        _ = try await events.connection.query("CREATE TABLE events_default PARTITION OF events DEFAULT")
        let writer = try await events.database.connect()
        _ = try await writer.query("BEGIN")
        _ = try await writer.query("INSERT INTO events VALUES (1, '1999-01-01')")
        let deferred = try await rotate(events.url, "--registry-url=none", "--lock-budget=1")
        #expect(deferred.status == 75, "\(deferred.everything)")
        #expect(try metrics.value("partition_quota_exceeded") == 0)
        #expect(try metrics.value("partition_default_rows") == 0)
        // Without a quota there is none to be told of.
        #expect(try metrics.value("partition_quota_used_ratio") == nil)
        _ = try await writer.query("ROLLBACK")
        await writer.close()
    }

    @Test("the quota is told also where the full disk fails something besides, and each tablespace by itself")
    func fullDisk() async throws {
        defer { metrics.remove() }
        let events = try await EventsTable()
        for statement: Statement in [
            "CREATE INDEX later ON ONLY events (id)",
            """
            CREATE FUNCTION full_disk() RETURNS event_trigger LANGUAGE plpgsql AS $$
            BEGIN RAISE EXCEPTION 'no space left on device' USING ERRCODE = 'disk_full'; END $$
            """,
            "CREATE EVENT TRIGGER full_disk ON ddl_command_start WHEN TAG IN ('CREATE INDEX') EXECUTE FUNCTION full_disk()",
        ] { _ = try await events.connection.query(statement) }
        let result = try await rotate(
            events.url,
            "--registry-url=none",
            "--quota-threshold=80",
            "--quota-capacity=1kB",
            "--log-format=json"
        )
        #expect(result.status == 1, "\(result.everything)")
        #expect(result.error.contains("PARTITION_QUOTA_EXCEEDED"), "\(result.error)")
        #expect(result.error.contains("TABLE_FAILED"), "\(result.error)")
        #expect(try metrics.value("partition_quota_exceeded") == 1)
    }

    @Test("are written also when a signal ended the run")
    func interrupted() async throws {
        defer { metrics.remove() }
        let events = try await EventsTable()
        let run = try Tool.start(
            ["rotate", "--db-url=\(events.url)", "--registry-url=none", "--metrics-file=\(metrics.file)"],
            environment: ["PARTITION_CLI_PAUSE_AT": "observed"]
        )
        try await eventually("the run pauses") { run.error.contains("paused at observed") }
        run.signal(SIGTERM)
        #expect(await run.result().status == 143)
        #expect(try metrics.value("partition_rotate_exit_status") == 143)
        #expect(try metrics.value("days_of_partitions_remaining") != nil)
        #expect(try metrics.value("partition_rotate_last_success_timestamp_seconds") == nil)
    }

    @Test("that can't be told change nothing of how the run ends, and say so")
    func untold() async throws {
        defer { metrics.remove() }
        let events = try await EventsTable()
        let result = try await Tool.run(
            [
                "rotate", "--db-url=\(events.url)", "--registry-url=none",
                "--metrics-file=\(metrics.path)/nowhere/x.prom",
            ],
            environment: [
                "METRICS_PUSH_URL": "http://u:\(EventsTable.password)@127.0.0.1:1/",
                "ALERT_WEBHOOK_URL": "https://127.0.0.1:1/?token=\(EventsTable.password)",
            ]
        )
        #expect(result.status == 0)
        for sentence in ["metrics were not written", "metrics were not pushed", "alerts were not sent"] {
            #expect(result.error.contains(sentence), "\(result.error)")
        }
        #expect(!result.everything.contains(EventsTable.password), "\(result.everything)")
        // Whoever wants to hear of nothing but trouble has to hear of that: it is why nobody else does.
        let quiet = try await rotate(
            events.url,
            "--registry-url=none",
            "--quiet",
            "--alert-webhook=http://127.0.0.1:1/"
        )
        #expect(quiet.status == 0 && quiet.output.isEmpty)
        #expect(quiet.error.contains("alerts were not sent"), "\(quiet.everything)")
    }

    @Test(
        "options that make no sense are refused, without the secrets in them",
        arguments: [
            ["--metrics-file="], ["--metrics-file=/tmp/x.txt"], ["--metrics-push="],
            ["--metrics-push=s3cr3t-passw0rd"], ["--alert-webhook=ftp://s3cr3t-passw0rd/"], ["--alert-webhook", ""],
        ]
    )
    func refused(_ arguments: [String]) async throws {
        let result = try await Tool.run(["rotate", "--db-url=postgresql://h/d"] + arguments)
        #expect(result.status == 64, "\(result.everything)")
        #expect(!result.everything.contains("passw0rd"), "\(result.everything)")
    }
}
