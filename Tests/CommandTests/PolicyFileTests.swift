// SPDX-License-Identifier: Apache-2.0
// Part of partition-cli. See LICENSE and CONTRIBUTING.md.

import Foundation
import LibPQ
import Testing
import TestSupport

@Suite("A policy file", .temporaryDatabase)
struct PolicyFileTests {
    private static let monthly = """
        tables:
          public.events:
            by: { range: event_ts, every: month }

        """

    @Test(
        "is found by --config, PARTITION_CLI_CONFIG, or its name in the directory, in this order, and the run says which"
    )
    func discovery() async throws {
        let events = try await EventsTable()
        let folder = try Folder()
        try folder.write("partitions.yaml", Self.monthly)
        try folder.write("variable.yaml", Self.monthly)
        try folder.write("option.yaml", Self.monthly)
        let url = "--db-url=\(events.url)"
        let variable = ["PARTITION_CLI_CONFIG": "variable.yaml"]
        let named = try await Tool.run(["plan", url], in: folder.url)
        #expect(named.error.contains("policy: partitions.yaml, 1 table"), "\(named.everything)")
        let fromVariable = try await Tool.run(["plan", url], environment: variable, in: folder.url)
        #expect(fromVariable.error.contains("policy: variable.yaml, 1 table"))
        let fromOption = try await Tool.run(
            ["plan", url, "--config=option.yaml", "--output=json"],
            environment: variable,
            in: folder.url
        )
        #expect(try fromOption.json["policyFile"] as? String == "option.yaml")
        let without = try await Tool.run(["plan", url, "--config=none", "--output=json"], in: folder.url)
        #expect(try without.json["policyFile"] is NSNull && without.status == 0, "\(without.everything)")
    }

    @Test(
        "that isn't there or isn't a file ends the run with 78, and an empty name with 64, before anything is done",
        arguments: [
            ("--config=absent.yaml", 78, "the policy file absent.yaml can't be read: No such file"),
            ("--config=.", 78, "it is not an ordinary file"), ("--config=", 64, "--config is empty"),
            ("--config= ", 64, "--config is empty"),
        ]
    )
    func absent(option: String, status: Int, words: String) async throws {
        let result = try await Tool.run(["rotate", option, "--db-url=postgresql://nobody@127.0.0.1:1/none"])
        #expect(result.status == status, "\(result.everything)")
        #expect(result.error.contains(words), "\(result.everything)")
    }

    @Test("with mistakes is refused with the place of each, and nothing runs")
    func mistakes() async throws {
        let events = try await EventsTable()
        let before = try await events.fingerprint
        let folder = try Folder()
        try folder.write("partitions.yaml", Self.monthly + "    bufer: 60d\n    window: \"2-5\"\n")
        let result = try await Tool.run(["rotate", "--db-url=\(events.url)", "--output=json"], in: folder.url)
        #expect(result.status == 78)
        #expect(result.error.contains("error: partitions.yaml:4:5: unknown key \"bufer\""), "\(result.error)")
        #expect(result.error.contains("did you mean \"buffer\"?"))
        #expect(result.error.contains("error: partitions.yaml:5:13: "), "\(result.error)")
        let error = try #require(try result.json["error"] as? [String: Any])
        #expect((error["others"] as? [String])?.count == 1)
        #expect(try await events.fingerprint == before)
    }

    @Test(
        "with a key whose behaviour isn't built is refused with a sentence, never taken for one that says less",
        arguments: [
            ("    drain: auto\n", "draining the default partition is not built yet"),
            ("    adopt: true\n", "\"adopt\" can be false"),
            ("    retain: { for: 13 months, then: detach }\n", "retiring partitions is not built yet"),
            ("    default: create\n", "making a default partition is not built yet"),
        ]
    )
    func unbuilt(key: String, sentence: String) async throws {
        let folder = try Folder()
        try folder.write("partitions.yaml", Self.monthly + key)
        let result = try await Tool.run(
            ["rotate", "--db-url=postgresql://nobody@127.0.0.1:1/none"],
            in: folder.url
        )
        #expect(result.status == 78)
        #expect(result.error.contains("partitions.yaml:4:5: ") && result.error.contains(sentence), "\(result.error)")
    }

    @Test("gives the connections where neither flag nor variable does, and its secrets are told to nobody")
    func connections() async throws {
        let events = try await EventsTable()
        let folder = try Folder()
        let head = "database: ${MY_DATABASE}\nregistry: self\n"
        try folder.write("partitions.yaml", head + Self.monthly)
        let undefined = try await Tool.run(["rotate"], in: folder.url)
        #expect(
            undefined.status == 78
                && undefined.error.contains("partitions.yaml:1:11: the environment variable MY_DATABASE")
        )
        let given = try await Tool.run(["plan", "--db-url=\(events.url)"], in: folder.url)
        #expect(given.status == 0, "\(given.everything)")
        let run = try await Tool.run(["rotate"], environment: ["MY_DATABASE": events.url], in: folder.url)
        #expect(run.status == 0 && run.output.contains("registry self: published"), "\(run.everything)")
        #expect(!run.everything.contains(EventsTable.password))
        let resolved = try await Tool.run(
            ["resolve", "events", "\(Date().formatted(.iso8601.year().month().day()))"],
            environment: ["MY_DATABASE": events.url],
            in: folder.url
        )
        #expect(resolved.status == 0, "\(resolved.everything)")
        let wrong = try await Tool.run(
            ["rotate"],
            environment: ["MY_DATABASE": "jdbc:postgresql://h/d?password=\(EventsTable.password)"],
            in: folder.url
        )
        #expect(wrong.status == 64 && !wrong.everything.contains(EventsTable.password), "\(wrong.everything)")
    }

    @Test("decides how far ahead: a table's own buffer, then --buffer-days, then the defaults")
    func buffers() async throws {
        let events = try await EventsTable()
        _ = try await events.connection.query("CREATE TABLE logs (at date) PARTITION BY RANGE (at)")
        let folder = try Folder()
        try folder.write(
            "partitions.yaml",
            """
            defaults: { buffer: 3d, emergency: 1d }
            tables:
              public.events: { by: { range: event_ts, every: month }, buffer: 200d }
              public.logs: { by: { range: at, every: day }, name: "{table}_{yyyy}{mm}{dd}" }

            """
        )
        func created(_ arguments: [String]) async throws -> [String: Int] {
            let result = try await Tool.run(
                ["plan", "--output=json", "--db-url=\(events.url)"] + arguments,
                in: folder.url
            )
            let tables = try #require(try result.json["tables"] as? [[String: Any]], "\(result.everything)")
            return Dictionary(
                uniqueKeysWithValues: tables.map { table in
                    (
                        (table["table"] as? [String: Any])?["name"] as? String ?? "",
                        (table["steps"] as? [Any])?.count ?? 0
                    )
                }
            )
        }
        let byFile = try await created([])
        #expect(byFile["logs"] == 4)
        #expect((6...7).contains(byFile["events"] ?? 0))
        let byFlag = try await created(["--buffer-days=10"])
        #expect(byFlag["logs"] == 11 && byFlag["events"] == byFile["events"])
    }

    @Test("closes windows and counts quotas for each table: its own first, then the options, then the defaults")
    func guards() async throws {
        let events = try await EventsTable()
        let folder = try Folder()
        // Ten days ahead are no emergency where a day is one.
        for name in ["logs", "hits"] {
            _ = try await events.connection.query("CREATE TABLE \(identifier: name) (at date) PARTITION BY RANGE (at)")
            _ = try await events.connection.query(
                """
                DO $$ BEGIN FOR d IN 0..10 LOOP
                EXECUTE format('CREATE TABLE %I PARTITION OF %I FOR VALUES FROM (%L) TO (%L)',
                    \(literal: name) || '_' || to_char((now() AT TIME ZONE 'UTC')::date + d, 'YYYYMMDD'), \(literal: name),
                    (now() AT TIME ZONE 'UTC')::date + d, (now() AT TIME ZONE 'UTC')::date + d + 1);
                END LOOP; END $$
                """
            )
        }
        let row = try #require(
            try await events.connection.query(
                """
                SELECT to_char(t + interval '2 hours', 'HH24:00') || '-' || to_char(t + interval '3 hours', 'HH24:00') AS shut,
                       to_char(t - interval '2 hours', 'HH24:00') || '-' || to_char(t + interval '2 hours', 'HH24:00') AS open
                  FROM (SELECT now() AT TIME ZONE 'UTC' AS t) n
                """
            ).first
        )
        let (shut, open) = (try row.string("shut"), try row.string("open"))
        let name = "name: \"{table}_{yyyy}{mm}{dd}\""
        func outcomes(
            _ defaults: String,
            _ hits: String,
            _ arguments: String...
        ) async throws -> ([String: String], Int32) {
            try folder.write(
                "partitions.yaml",
                """
                defaults: { buffer: 60d, emergency: 1d, \(defaults) }
                tables:
                  public.logs: { by: { range: at, every: day }, \(name) }
                  public.hits: { by: { range: at, every: day }, \(name), \(hits) }

                """
            )
            let result = try await Tool.run(
                ["rotate", "--registry-url=none", "--output=json", "--db-url=\(events.url)"] + arguments,
                in: folder.url
            )
            let tables = try #require(try result.json["tables"] as? [[String: Any]], "\(result.everything)")
            return (
                Dictionary(
                    uniqueKeysWithValues: tables.map { table in
                        (
                            (table["table"] as? [String: Any])?["name"] as? String ?? "",
                            table["outcome"] as? String ?? ""
                        )
                    }
                ), result.status
            )
        }
        let overQuota = try await outcomes(
            "quota: { threshold: 1%, capacity: 1 MiB }",
            "quota: { threshold: 100%, capacity: 1 PiB }, buffer: 11d"
        )
        #expect(overQuota == (["logs": "quota-exceeded", "hits": "converged"], 73))
        let shutForLogs = try await outcomes("window: \"\(shut)\"", "window: \"\(open)\", buffer: 13d")
        #expect(shutForLogs == (["logs": "deferred", "hits": "converged"], 75))
        // An option is between a table's own window and the defaults'.
        let byOption = try await outcomes("window: \"\(shut)\"", "window: \"\(shut)\", buffer: 14d", "--window=\(open)")
        #expect(byOption == (["logs": "converged", "hits": "deferred"], 75))
        // With less left than a table's emergency the window is waived.
        let waived = try await outcomes("window: \"\(shut)\"", "emergency: 30d, buffer: 40d")
        #expect(waived == (["logs": "converged", "hits": "converged"], 0))
    }

    @Test("keeps one table's mismatch from stopping the others, and exits 1")
    func isolation() async throws {
        let events = try await EventsTable()
        let folder = try Folder()
        try folder.write(
            "partitions.yaml",
            Self.monthly + "  public.gone: { by: { range: at, every: day } }\n"
        )
        let result = try await Tool.run(["rotate", "--registry-url=none", "--db-url=\(events.url)"], in: folder.url)
        #expect(result.status == 1)
        #expect(
            result.output.contains("partitions.yaml:4:3: there is no partitioned table of this name"),
            "\(result.output)"
        )
        #expect(try await events.partitions.count > 1)
        for command in ["verify", "status", "plan"] {
            let look = try await Tool.run([command, "--registry-url=none", "--db-url=\(events.url)"], in: folder.url)
            #expect(look.output.contains("public.gone"), "\(look.everything)")
            #expect(look.status == (command == "status" ? 0 : 1), "\(look.everything)")
        }
    }

    @Test(
        "with a time zone that the server doesn't know is refused at the value, with the zone that was meant, and nothing runs",
        arguments: [("Europe/Berln", "Europe/Berlin"), ("utc", "UTC"), ("europe/paris", "Europe/Paris")]
    )
    func zones(written: String, meant: String) async throws {
        let events = try await EventsTable()
        let folder = try Folder()
        try folder.write("partitions.yaml", Self.monthly + "    timezone: \(written)\n")
        let before = try await events.fingerprint
        for command in ["rotate", "plan", "verify", "status", "doctor"] {
            let arguments = [command, "--registry-url=none", "--db-url=\(events.url)"]
            let result = try await Tool.run(arguments, in: folder.url)
            #expect(result.status == 78, "\(result.everything)")
            #expect(
                result.error.contains(
                    "partitions.yaml:4:15: the server knows no time zone \"\(written)\"; did you mean \"\(meant)\"?"
                ),
                "\(result.everything)"
            )
        }
        #expect(try await events.fingerprint == before)
    }

    @Test("whose emergency is no shorter than the buffer that the command line makes is refused, and nothing runs")
    func emergency() async throws {
        let events = try await EventsTable()
        let folder = try Folder()
        try folder.write("partitions.yaml", Self.monthly + "    emergency: 100d\n")
        let before = try await events.fingerprint
        for option in [[], ["--buffer-days=90"]] {
            for command in ["rotate", "plan", "verify", "status"] {
                let arguments = [command, "--registry-url=none", "--db-url=\(events.url)"]
                let result = try await Tool.run(arguments + option, in: folder.url)
                #expect(result.status == 78, "\(result.everything)")
                #expect(
                    result.error.contains(
                        "partitions.yaml:4:5: the emergency of 100d is not shorter than the buffer of"
                    ),
                    "\(result.everything)"
                )
            }
        }
        #expect(try await events.fingerprint == before)
        let long = try await Tool.run(["plan", "--buffer-days=120", "--db-url=\(events.url)"], in: folder.url)
        #expect(long.status == 0, "\(long.everything)")
    }

    @Test(
        "whose table has a buffer that --emergency-days is no shorter than is refused with the table's place, and nothing runs"
    )
    func emergencyOption() async throws {
        let events = try await EventsTable()
        let folder = try Folder()
        try folder.write("partitions.yaml", Self.monthly + "    buffer: 15d\n")
        let before = try await events.fingerprint
        let arguments = ["rotate", "--registry-url=none", "--db-url=\(events.url)", "--emergency-days=15"]
        let result = try await Tool.run(arguments, in: folder.url)
        #expect(result.status == 64, "\(result.everything)")
        #expect(
            result.error.contains(
                "partitions.yaml:2:3: --emergency-days=15 is not less than the buffer of public.events, which is 15 days"
            ),
            "\(result.everything)"
        )
        #expect(try await events.fingerprint == before)
        // The option isn't for a table with an emergency of its own, and a longer buffer than the usual one may have a longer emergency.
        for settings in ["    buffer: 15d\n    emergency: 3d\n", "    buffer: 90d\n"] {
            try folder.write("partitions.yaml", Self.monthly + settings)
            let days = settings.contains("90d") ? "70" : "15"
            let fine = try await Tool.run(arguments.dropLast() + ["--emergency-days=\(days)"], in: folder.url)
            #expect(fine.status == 0, "\(settings): \(fine.everything)")
        }
    }

    @Test("whose emergency is no shorter than the buffer of a saved plan stops apply, as it stops rotate")
    func emergencyOfApply() async throws {
        let events = try await EventsTable()
        let folder = try Folder()
        let connection = ["--db-url=\(events.url)"]
        try folder.write("short.yaml", Self.monthly + "    buffer: 20d\n")
        let plan = ["plan", "--config=short.yaml", "--out=plan.json"] + connection
        #expect(try await Tool.run(plan, in: folder.url).status == 0)
        try folder.write("long.yaml", Self.monthly + "    buffer: 90d\n    emergency: 20d\n")
        let before = try await events.fingerprint
        let apply = ["apply", "plan.json", "--registry-url=none"] + connection
        let file = try await Tool.run(apply + ["--config=long.yaml"], in: folder.url)
        #expect(file.status == 78, "\(file.everything)")
        #expect(
            file.error.contains(
                "long.yaml:5:5: the emergency of 20d is not shorter than the buffer of 20 days that the plan was made with"
            ),
            "\(file.everything)"
        )
        let option = try await Tool.run(apply + ["--config=none", "--emergency-days=20"], in: folder.url)
        #expect(option.status == 64, "\(option.everything)")
        #expect(option.error.contains("short.yaml:2:3: --emergency-days=20 is not less than"), "\(option.everything)")
        #expect(try await events.fingerprint == before)
        let fine = try await Tool.run(apply + ["--config=short.yaml", "--emergency-days=19"], in: folder.url)
        #expect(fine.status == 0, "\(fine.everything)")
    }

    @Test("is named where its database can't be reached")
    func unreachable() async throws {
        let folder = try Folder()
        try folder.write("partitions.yaml", "database: postgresql://me@127.0.0.1:1/app\n" + Self.monthly)
        let result = try await Tool.run(["plan"], in: folder.url)
        #expect(result.status == 69, "\(result.everything)")
        #expect(result.error.contains("check host and port of \"database\" of the policy file"), "\(result.error)")
        let option = try await Tool.run(["plan", "--db-url=postgresql://me@127.0.0.1:1/app"])
        #expect(option.error.contains("check host and port of --db-url"), "\(option.error)")
    }

    @Test("leaves tables alone that it doesn't list, and refuses --table for one")
    func unlisted() async throws {
        let events = try await EventsTable()
        let folder = try Folder()
        _ = try await events.connection.query("CREATE TABLE logs (at date) PARTITION BY RANGE (at)")
        try folder.write("partitions.yaml", "tables:\n  public.logs: { by: { range: at, every: month } }\n")
        let result = try await Tool.run(["rotate", "--registry-url=none", "--db-url=\(events.url)"], in: folder.url)
        #expect(result.status == 0, "\(result.everything)")
        #expect(try await events.partitions.count == 1)
        let named = try await Tool.run(["rotate", "--table=events", "--db-url=\(events.url)"], in: folder.url)
        #expect(named.status == 64)
        #expect(named.error.contains("public.events isn't in the policy file partitions.yaml"), "\(named.error)")
    }
}

/// A directory of a test's own.
struct Folder {
    let url: URL

    init() throws {
        url = FileManager.default.temporaryDirectory.appendingPathComponent("partition-cli-folder-\(UUID())")
        try FileManager.default.createDirectory(at: url, withIntermediateDirectories: false)
    }

    func write(_ name: String, _ text: String) throws {
        try text.write(to: url.appendingPathComponent(name), atomically: false, encoding: .utf8)
    }

    func read(_ name: String) throws -> String {
        try String(contentsOf: url.appendingPathComponent(name), encoding: .utf8)
    }
}
