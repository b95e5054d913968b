// SPDX-License-Identifier: Apache-2.0
// Part of partition-cli. See LICENSE and CONTRIBUTING.md.

import Foundation
import LibPQ
import TestSupport
import Testing

/// Behind something that takes what is sent, and from some moment on passes nothing on: no kernel notices.
@Suite("A network that hangs", .temporaryDatabase)
struct HungNetworkTests {
    /// Far beyond every limit that a command states (the longest is a run's `--deadline` and 30 s), so that a broken one ends here.
    private static let outer = Duration.seconds(180)

    /// Runs a command on a proxy before the test's server, and kills it where it doesn't end.
    private func run(
        _ arguments: [String],
        hanging hang: TCPProxy.Hang
    ) async throws -> Tool.Result {
        let database = try TemporaryDatabase.current
        let proxy = try await TCPProxy.start(before: database.cluster, hanging: hang)
        defer { proxy.stop() }
        let url = Self.url(proxy, database)
        let process = try Tool.start(arguments.map { $0.replacing("DB_URL", with: url) })
        let killer = Task {
            try await Task.sleep(for: Self.outer)
            process.signal(SIGKILL)
        }
        let result = await process.result()
        killer.cancel()
        // Whatever came of it, it came of the hanging.
        #expect(proxy.isHung, "\(result.everything)")
        return result
    }

    private static func url(_ proxy: TCPProxy, _ database: TemporaryDatabase) -> String {
        "postgresql://postgres@127.0.0.1:\(proxy.port)/\(database.name)?connect_timeout=2&sslmode=disable&gssencmode=disable"
    }

    private static let commands: [[String]] = [
        ["rotate", "--db-url=DB_URL", "--registry-url=none", "--deadline=3"],
        ["plan", "--db-url=DB_URL"],
        ["init", "--db-url=DB_URL", "--out=-"],
        ["verify", "--db-url=DB_URL"],
        ["status", "--db-url=DB_URL"],
        ["resolve", "events", "2026-12-24", "--db-url=DB_URL"],
        ["doctor", "--db-url=DB_URL"],
    ]

    /// What only the registry is asked, or the database and then the registry.
    private static let registryCommands: [[String]] = [
        ["registry", "diff", "--db-url=DB_URL", "--registry-url=self"],
        ["registry", "repair", "--db-url=DB_URL", "--registry-url=self"],
        ["registry", "export", "--registry-url=DB_URL"],
        ["resolve", "events", "2026-12-24", "--registry-url=DB_URL"],
    ]

    @Test(
        "that hangs from the beginning ends every command with exit 69 and what to look at",
        arguments: commands + registryCommands
    )
    func fromTheBeginning(arguments: [String]) async throws {
        let result = try await run(arguments, hanging: .atOnce)
        #expect(result.status == 69, "\(result.everything)")
        #expect(result.error.contains("did not answer within 2"), "\(result.everything)")
        #expect(
            result.error.contains("check host and port") || result.error.contains("see whether the server is up"),
            "\(result.everything)"
        )
    }

    @Test(
        "that hangs once the session is there ends every command with exit 69 and what to look at",
        arguments: commands.filter { $0.first != "doctor" }
    )
    func afterStartup(arguments: [String]) async throws {
        _ = try await EventsTable()
        let result = try await run(arguments, hanging: .before("pg_backend_pid"))
        #expect(result.status == 69, "\(result.everything)")
        #expect(result.error.contains("nothing was answered within 2"), "\(result.everything)")
        #expect(result.error.contains("proxy or firewall"), "\(result.everything)")
    }

    @Test(
        "that hangs while the catalog is read ends every command with exit 69 and what to do",
        arguments: commands.filter { $0.first != "doctor" }
    )
    func whileReading(arguments: [String]) async throws {
        _ = try await EventsTable()
        let result = try await run(arguments, hanging: .before("pg_inherits"))
        #expect(result.status == 69, "\(result.everything)")
        #expect(result.error.contains("run again"), "\(result.everything)")
    }

    @Test("that hangs before doctor's session is set up ends it with exit 69 and what to look at")
    func doctorOpening() async throws {
        _ = try await EventsTable()
        let result = try await run(["doctor", "--db-url=DB_URL"], hanging: .before("pg_backend_pid"))
        #expect(result.status == 69, "\(result.everything)")
        #expect(result.error.contains("the server did not answer"), "\(result.everything)")
        #expect(result.error.contains("whether the server is up"), "\(result.everything)")
    }

    @Test("that hangs while doctor looks is what doctor finds")
    func doctor() async throws {
        _ = try await EventsTable()
        let result = try await run(["doctor", "--db-url=DB_URL"], hanging: .before("pg_inherits"))
        #expect([1, 69].contains(result.status), "\(result.everything)")
        #expect(result.everything.contains("run doctor again"), "\(result.everything)")
    }

    @Test("that hangs while a partition is attached ends a run with its time, and the next one finishes it")
    func whileChanging() async throws {
        let events = try await EventsTable()
        let rotate = ["rotate", "--db-url=DB_URL", "--registry-url=none", "--deadline=3"]
        let result = try await run(rotate, hanging: .before("ATTACH PARTITION"))
        #expect(result.status == 69, "\(result.everything)")
        #expect(result.error.contains("run again"), "\(result.everything)")
        let next = try await Tool.run(["rotate", "--db-url=\(events.url)", "--registry-url=none"])
        #expect(next.status == 0, "\(next.everything)")
        let again = try await Tool.run(["plan", "--db-url=\(events.url)", "--registry-url=none", "--detailed-exitcode"])
        #expect(again.status == 0, "\(again.everything)")
    }

    @Test("that hangs ends apply like a run")
    func apply() async throws {
        let events = try await EventsTable()
        let file = FileManager.default.temporaryDirectory.appendingPathComponent("plan-\(UUID()).json").path
        defer { try? FileManager.default.removeItem(atPath: file) }
        let plan = try await Tool.run(["plan", "--db-url=\(events.url)", "--registry-url=none", "--out=\(file)"])
        #expect(plan.status == 0, "\(plan.everything)")
        let apply = ["apply", file, "--db-url=DB_URL", "--registry-url=none", "--deadline=3"]
        for hang in [TCPProxy.Hang.atOnce, .before("pg_backend_pid"), .before("ATTACH PARTITION")] {
            let result = try await run(apply, hanging: hang)
            #expect(result.status == 69, "\(hang): \(result.everything)")
            #expect(result.error.contains("→") || result.error.contains("run again") || result.error.contains("check"))
        }
        // What the last one left is no part of the plan: a plan made now has it.
        let stale = try await Tool.run(["apply", file, "--db-url=\(events.url)", "--registry-url=none"])
        #expect(stale.status == 1 && stale.error.contains("the plan is stale"), "\(stale.everything)")
        let next = try await Tool.run(["rotate", "--db-url=\(events.url)", "--registry-url=none"])
        #expect(next.status == 0, "\(next.everything)")
    }

    @Test(
        "that hangs while maps are read from a registry in PostgreSQL ends every command, and says what didn't answer",
        arguments: registryCommands
    )
    func whileReadingMaps(arguments: [String]) async throws {
        let events = try await EventsTable()
        #expect(try await Tool.run(["rotate", "--db-url=\(events.url)", "--registry-url=self"]).status == 0)
        let result = try await run(arguments, hanging: .before("FROM partition_registry.map"))
        #expect(result.status == (arguments.contains("repair") ? 74 : 69), "\(result.everything)")
        #expect(result.everything.contains("the server did not answer"), "\(result.everything)")
    }

    @Test(
        "between a run or an import and a registry in PostgreSQL leaves the tables done and says what isn't published"
    )
    func publishing() async throws {
        let events = try await EventsTable()
        let file = FileManager.default.temporaryDirectory.appendingPathComponent("maps-\(UUID()).jsonl").path
        defer { try? FileManager.default.removeItem(atPath: file) }
        #expect(try await Tool.run(["rotate", "--db-url=\(events.url)", "--registry-url=self"]).status == 0)
        let maps = try await Tool.run(["registry", "export", "--registry-url=\(events.url)"])
        try maps.output.write(toFile: file, atomically: false, encoding: .utf8)
        // One after the other: each has the database for itself.
        for command in [["registry", "import", file], ["rotate", "--buffer-days=200"]] {
            let result = try await run(
                command + ["--db-url=\(events.url)", "--registry-url=DB_URL"],
                hanging: .before("partition_registry")
            )
            #expect(result.status == 74, "\(result.everything)")
            #expect(result.everything.contains("the registry's database can't be reached"), "\(result.everything)")
        }
        #expect(try await events.partitions.count > 6)
    }

    @Test(
        "once who waits for events or follows a map wants to listen is noticed, said, and tried again until it is told to end"
    )
    func listening() async throws {
        let events = try await EventsTable()
        #expect(try await Tool.run(["rotate", "--db-url=\(events.url)", "--registry-url=self"]).status == 0)
        let redis = try await RedisServer.start()
        let database = try TemporaryDatabase.current
        let postgres = try await TCPProxy.start(before: database.cluster, hanging: .before("LISTEN"))
        let stream = try await TCPProxy.start(before: redis.port, hanging: .before("XREADGROUP"))
        let url = Self.url(postgres, database)
        let processes = [
            (
                try Tool.start(["rotate", "--on-event=postgres", "--db-url=\(url)", "--registry-url=none"]),
                "events can't be received"
            ),
            (
                try Tool.start([
                    "rotate", "--on-event=redis://127.0.0.1:\(stream.port)/rotations", "--db-url=\(events.url)",
                    "--registry-url=none",
                ]), "events can't be received"
            ),
            (try Tool.start(["watch", "events", "--registry-url=\(url)"]), "not listening for changes"),
        ]
        for (process, sentence) in processes {
            try await eventually(within: Self.outer, "\(sentence) is said") { process.error.contains(sentence) }
            process.signal(SIGTERM)
            let result = await process.result()
            #expect(result.status == 143, "\(result.everything)")
        }
        #expect(postgres.isHung && stream.isHung)
        postgres.stop()
        stream.stop()
        await redis.stop()
    }

    @Test("between a run and its registry leaves the tables done and says that they aren't published, with exit 74")
    func registry() async throws {
        let events = try await EventsTable()
        let redis = try await RedisServer.start()
        let proxy = try await TCPProxy.start(before: redis.port, hanging: .atOnce)
        defer { proxy.stop() }
        let url = "redis://127.0.0.1:\(proxy.port)/0"
        let result = try await Tool.run(["rotate", "--db-url=\(events.url)", "--registry-url=\(url)"])
        #expect(result.status == 74, "\(result.everything)")
        #expect(try await events.partitions.count > 1)
        // What only reads says that the registry doesn't answer, once.
        let status = try await Tool.run(["status", "--db-url=\(events.url)", "--registry-url=\(url)"])
        #expect(
            status.everything.contains("unreadable") || status.everything.contains("can't be read"),
            "\(status.everything)"
        )
        let resolve = try await Tool.run(["resolve", "events", "2026-12-24", "--registry-url=\(url)"])
        #expect(resolve.status == 69, "\(resolve.everything)")
    }
}
