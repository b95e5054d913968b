// SPDX-License-Identifier: Apache-2.0
// Part of partition-cli. See LICENSE and CONTRIBUTING.md.

import Foundation
import LibPQ
import Testing
import TestSupport

@Suite("init", .temporaryDatabase)
struct InitTests {
    @Test(
        "writes down a table so that nothing is to be done, now or ever, but what was read off it, or says what the first plan does",
        arguments: InitShape.all
    )
    func shape(_ shape: InitShape) async throws {
        let database = try TemporaryDatabase.current
        let connection = try await database.connect()
        _ = try await connection.query("SET TimeZone = 'UTC'")
        for statement in [InitShape.maker] + shape.statements { _ = try await connection.query(statement) }
        let url = "--db-url=\(EventsTable.url(of: database))"
        let folder = try Folder()

        let made = try await Tool.run(["init", url], in: folder.url)
        #expect(made.status == 0, "\(made.everything)")
        let text = try folder.read("partitions.yaml")
        for words in shape.expected { #expect(text.contains(words), "\(words) in\n\(text)") }
        #expect(!made.everything.contains(EventsTable.password) && !text.contains(EventsTable.password))

        if shape.isMaintainedByPartman {
            // Until it is handed over, nothing is done, and that is said.
            let early = try await Tool.run(["rotate", "--registry-url=none", url], in: folder.url)
            #expect(early.status == 1 && early.output.contains("pg_partman maintains it"), "\(early.everything)")
            _ = try await connection.query("DELETE FROM partman.part_config")
        }
        let before = try await Self.tables(connection)
        let plan = try await Tool.run(["plan", "--detailed-exitcode", "--registry-url=none", url], in: folder.url)
        let run = try await Tool.run(["rotate", "--registry-url=none", url], in: folder.url)
        #expect(run.status == 0, "\(run.everything)")
        if let words = shape.firstPlan {
            #expect(plan.status == 2, "\(plan.everything)\n\(text)")
            let summary = try #require(plan.output.split(separator: "\n").last { $0.contains(words) })
            // The very number of the plan, in the file and in what the command says.
            let number = summary.prefix { $0.isNumber }
            #expect(!number.isEmpty && text.contains("The first plan of this table isn't empty: \(number) "), "\(text)")
            #expect(text.contains("The first plan with it is not empty: \(number) "), "\(text)")
            #expect(made.output.contains("The first plan with it is not empty: \(number) "), "\(made.everything)")
            #expect(try await Self.tables(connection) != before)
        } else {
            #expect(plan.status == 0, "\(plan.everything)\n\(text)")
            #expect(plan.output.contains("nothing to do, 1 table unchanged"), "\(plan.everything)")
            #expect(text.contains("The first plan with it is empty."), "\(text)")
            #expect(made.output.contains("The first plan with it is empty."), "\(made.everything)")
            #expect(try await Self.tables(connection) == before)
        }

        // The same grid far beyond what is there: what the file says against what the table itself says.
        let open = text.split(separator: "\n", omittingEmptySubsequences: false)
            .filter { !$0.hasPrefix("    buffer:") }.joined(separator: "\n")
        try folder.write("open.yaml", open)
        let far = ["plan", "--buffer-days=500", "--registry-url=none", "--output=json", url]
        let declared = try await Tool.run(far + ["--config=open.yaml"], in: folder.url)
        let inferred = try await Tool.run(far + ["--config=none"], in: folder.url)
        let steps = try Self.creations(in: declared)
        #expect(steps.count > 1 || shape.testDescription == "years", "\(declared.everything)")
        #expect(try steps == Self.creations(in: inferred))
    }

    /// Targets and bounds of what a plan would make.
    private static func creations(in result: Tool.Result) throws -> [String] {
        let tables = try #require(try result.json["tables"] as? [[String: Any]], "\(result.everything)")
        return tables.flatMap { ($0["steps"] as? [[String: Any]]) ?? [] }.map { step in
            "\(step["target"] ?? "") \(step["from"] ?? "") \(step["to"] ?? "")"
        }
    }

    private static func tables(_ connection: Connection) async throws -> [String] {
        try await connection.query(
            "SELECT c.oid::text || ' ' || c.relname AS item FROM pg_class c WHERE c.relkind IN ('r', 'p', 'i', 'I') AND c.oid > 16384 ORDER BY 1"
        ).map { try $0.string("item") }
    }

    @Test("refuses to replace a file unless told to, and writes to standard output alone with --out=-")
    func files() async throws {
        let events = try await EventsTable()
        let folder = try Folder()
        let url = "--db-url=\(events.url)"
        try folder.write("partitions.yaml", "mine")
        let refused = try await Tool.run(["init", url], in: folder.url)
        #expect(
            refused.status == 64 && refused.error.contains("partitions.yaml is there already"),
            "\(refused.everything)"
        )
        #expect(try folder.read("partitions.yaml") == "mine")
        let forced = try await Tool.run(["init", "--force", url], in: folder.url)
        #expect(forced.status == 0, "\(forced.everything)")
        let printed = try await Tool.run(["init", "--out=-", url], in: folder.url)
        #expect(try printed.output == folder.read("partitions.yaml"))
        #expect(try FileManager.default.contentsOfDirectory(atPath: folder.url.path) == ["partitions.yaml"])
    }

    @Test("says which tables it left out and why, and fails where none can be written down")
    func leftOut() async throws {
        let events = try await EventsTable()
        _ = try await events.connection.query("CREATE TABLE regions (name text) PARTITION BY LIST (name)")
        let folder = try Folder()
        let url = "--db-url=\(events.url)"
        let result = try await Tool.run(["init", "--output=json", url], in: folder.url)
        let leftOut = try #require(try result.json["leftOut"] as? [[String: Any]])
        #expect((leftOut.first?["explanation"] as? String)?.contains("partitioned by list") == true)
        #expect(try folder.read("partitions.yaml").contains("#   public.regions: it is partitioned by list"))
        let none = try await Tool.run(["init", "--table=regions", "--force", url], in: folder.url)
        #expect(
            none.status == 1 && none.error.contains("no partitioned table can be written down"),
            "\(none.everything)"
        )
    }

    @Test("says in JSON what the first plan does")
    func firstPlan() async throws {
        let events = try await EventsTable()
        let folder = try Folder()
        let url = "--db-url=\(events.url)"
        _ = try await events.connection.query("CREATE INDEX later ON ONLY events (id)")
        let result = try await Tool.run(["init", "--output=json", url], in: folder.url)
        let tables = try #require(try result.json["tables"] as? [[String: Any]], "\(result.everything)")
        #expect(tables.first?["firstPlan"] as? [String: Int] == ["partitions": 0, "indexes": 1, "leftovers": 0])
    }

    @Test("--registry makes the registry's schema, which the next run publishes to")
    func registry() async throws {
        let events = try await EventsTable()
        let folder = try Folder()
        let made = try await Tool.run(["init", "--registry", "--db-url=\(events.url)"], in: folder.url)
        #expect(made.status == 0, "\(made.everything)")
        _ = try await Tool.run(["rotate", "--db-url=\(events.url)"], in: folder.url)
        #expect(try await events.publishedVersion != nil)
    }
}
