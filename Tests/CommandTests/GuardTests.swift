// SPDX-License-Identifier: Apache-2.0
// Part of partition-cli. See LICENSE and CONTRIBUTING.md.

import Foundation
import LibPQ
import LocalPostgres
import Testing
import TestSupport

@Suite("Guards of the command", .temporaryDatabase)
struct GuardTests {
    /// A table of days that ends in some days, and whose name can't be mistaken.
    private func makeDays(_ connection: Connection, left: Int) async throws {
        _ = try await connection.query("SET TimeZone = 'UTC'")
        _ = try await connection.query("CREATE TABLE visits (day date NOT NULL) PARTITION BY RANGE (day)")
        for day in -2...left {
            _ = try await connection.query(
                """
                DO \(literal: """
                    BEGIN
                      EXECUTE format('CREATE TABLE %I PARTITION OF visits FOR VALUES FROM (%L) TO (%L)',
                        to_char(current_date + \(day), '"visits_"YYYYMMDD'), current_date + \(day), current_date + \(day + 1));
                    END
                    """)
                """
            )
        }
    }

    /// Hours of UTC that begin more than one from now.
    private func closedWindow(_ connection: Connection) async throws -> String {
        let hour = try #require(
            try await connection.query("SELECT extract(hour FROM clock_timestamp() AT TIME ZONE 'UTC')::int AS hour")
                .first
        ).int("hour")
        return [2, 3].map { (hour + $0) % 24 }.map { $0 < 10 ? "0\($0):00" : "\($0):00" }.joined(separator: "-")
    }

    private func partitions(_ connection: Connection) async throws -> Int {
        try await connection.query("SELECT FROM pg_inherits WHERE inhparent = 'visits'::regclass").count
    }

    private func visits(_ result: Tool.Result) throws -> [String: Any] {
        try #require((result.json["tables"] as? [[String: Any]])?.first)
    }

    @Test(
        "an expected standby that is missing defers, with exit 75 and who it is; below two days left it is waived, loudly"
    )
    func expectedStandby() async throws {
        let database = try TemporaryDatabase.current
        let connection = try await database.connect()
        try await makeDays(connection, left: 5)
        let arguments = [
            "rotate", "--db-url=\(EventsTable.url(of: database))", "--registry-url=none", "--buffer-days=8",
            "--expect-standby=east-1", "--output=json",
        ]
        let deferred = try await Tool.run(arguments + ["--lock-budget=1"])
        #expect(deferred.status == 75, "\(deferred.everything)")
        let event = try #require((try visits(deferred)["guards"] as? [[String: Any]])?.first)
        #expect(event["guard"] as? String == "lag" && event["action"] as? String == "deferred")
        #expect(((event["laggards"] as? [[String: Any]])?.first)?["kind"] as? String == "missing-standby")
        let replication = try #require(try deferred.json["replication"] as? [String: Any])
        #expect(replication["isOpen"] as? Bool == true && replication["maxLagSeconds"] as? Double == 5)
        #expect(try await partitions(connection) == 8)

        for day in 1...5 {
            _ = try await connection.query(
                "DO \(literal: "BEGIN EXECUTE format('DROP TABLE %I', to_char(current_date + \(day), '\"visits_\"YYYYMMDD')); END")"
            )
        }
        let waived = try await Tool.run(arguments)
        #expect(waived.status == 0, "\(waived.everything)")
        #expect(try await partitions(connection) == 11)
        let findings = try #require(try visits(waived)["findings"] as? [[String: Any]])
        #expect(findings.contains { $0["code"] as? String == "lag-waived" && $0["severity"] as? String == "warning" })
        #expect(((try visits(waived)["guards"] as? [[String: Any]])?.first)?["action"] as? String == "waived")
    }

    @Test(
        "outside the window exits 75 and says when it opens; in an emergency it exits 0 and warns; nothing to do is 0"
    )
    func window() async throws {
        let database = try TemporaryDatabase.current
        let connection = try await database.connect()
        try await makeDays(connection, left: 5)
        let window = "--window=\(try await closedWindow(connection))"
        let common = ["rotate", "--db-url=\(EventsTable.url(of: database))", "--registry-url=none", window]
        let deferred = try await Tool.run(common + ["--buffer-days=8", "--emergency-days=2"])
        #expect(deferred.status == 75, "\(deferred.everything)")
        #expect(deferred.output.contains("it opens next at 2"), "\(deferred.everything)")
        #expect(try await partitions(connection) == 8)
        let idle = try await Tool.run(common + ["--buffer-days=3"])
        #expect(idle.status == 0, "\(idle.everything)")
        let emergency = try await Tool.run(common + ["--buffer-days=8", "--emergency-days=7"])
        #expect(emergency.status == 0, "\(emergency.everything)")
        #expect(emergency.output.contains("were created outside the window"), "\(emergency.everything)")
        #expect(try await partitions(connection) == 11)
    }

    @Test(
        "an emergency longer than a quarter of the buffer holds beside a policy file, whether the option or the file says it",
        arguments: [
            ("", "", false), ("--emergency-days=6", "", true), ("", "    emergency: 6d\n", true),
            ("", "defaults", true),
        ]
    )
    func longEmergency(option: String, lines: String, isWaived: Bool) async throws {
        let database = try TemporaryDatabase.current
        let connection = try await database.connect()
        try await makeDays(connection, left: 5)
        let directory = FileManager.default.temporaryDirectory.appendingPathComponent("policy-\(UUID())")
        try FileManager.default.createDirectory(at: directory, withIntermediateDirectories: false)
        defer { try? FileManager.default.removeItem(at: directory) }
        let defaults = lines == "defaults" ? "defaults: { buffer: 60d, emergency: 6d }\n" : ""
        let file = """
            \(defaults)tables:
              public.visits:
                by: { range: day, every: day }
                name: "{table}_{yyyy}{mm}{dd}"
                buffer: 8d

            """
        try (file + (defaults.isEmpty ? lines : "")).write(
            to: directory.appendingPathComponent("partitions.yaml"),
            atomically: true,
            encoding: .utf8
        )
        let result = try await Tool.run(
            [
                "rotate", "--db-url=\(EventsTable.url(of: database))", "--registry-url=none",
                "--window=\(try await closedWindow(connection))",
            ] + [option].filter { !$0.isEmpty },
            in: directory
        )
        #expect(result.status == (isWaived ? 0 : 75), "\(result.everything)")
        #expect(result.output.contains("were created outside the window") == isWaived, "\(result.everything)")
        #expect(try await partitions(connection) == (isWaived ? 11 : 8))
    }

    @Test("a breaker that is switched off is said")
    func switchedOff() async throws {
        let events = try await EventsTable()
        let result = try await Tool.run(["rotate", "--db-url=\(events.url)", "--registry-url=none", "--max-lag=0"])
        #expect(result.status == 0, "\(result.everything)")
        #expect(result.output.contains("--max-lag switches the lag breaker off"))
    }

    @Test(
        "a run pointed at a standby by mistake is not green while a table is uncovered, nor for a role that may see to nothing"
    )
    func standby() async throws {
        let primary = try await TestServer.makeCluster()
        let connection = try await Connection.open(ConnectionConfiguration(primary.conninfo()), logger: .test)
        try await makeDays(connection, left: 5)
        _ = try await connection.query("CREATE ROLE stranger LOGIN")
        let standby = try await primary.makeStandby(settings: ["hot_standby": "on"])
        func rotate(_ cluster: Cluster, user: String = "postgres", days: Int = 8) async throws -> Tool.Result {
            try await Tool.run([
                "rotate", "--db-url=\(cluster.conninfo(user: user))", "--registry-url=none", "--output=json",
                "--buffer-days=\(days)",
            ])
        }
        let uncovered = try await rotate(standby)
        #expect(uncovered.status == 75, "\(uncovered.everything)")
        #expect(uncovered.output.contains("partition-cli rotate on the primary creates it"), "\(uncovered.output)")
        #expect(try uncovered.json["condition"] as? String == "standby")
        #expect(try await partitions(connection) == 8)
        #expect(try await rotate(standby, days: 3).status == 0)
        #expect(try await rotate(standby, user: "stranger", days: 3).status == 75)

        #expect(try await rotate(primary).status == 0)
        let replica = try await Connection.open(ConnectionConfiguration(standby.conninfo()), logger: .test)
        try await eventually("the standby has the partitions") { try await partitions(replica) == 11 }
        await replica.close()
        let covered = try await rotate(standby)
        #expect(covered.status == 0, "\(covered.everything)")
        await connection.close()
        await standby.remove()
        await primary.remove()
    }
}
