// SPDX-License-Identifier: Apache-2.0
// Part of partition-cli. See LICENSE and CONTRIBUTING.md.

import Foundation
import LibPQ
import PartitionMap
import Testing
import TestSupport

/// The commands on etcd and Consul.
@Suite("On etcd and Consul", .temporaryDatabase, .timeLimit(.minutes(5)))
struct StoreCommandTests {
    private static let programs = [StoreServer.Program.etcd, .consul]
    private static let entity = EntityName(schema: "public", table: "events")

    private func url(_ server: StoreServer) -> String { "\(server.program)://127.0.0.1:\(server.port)?timeout=5" }

    @Test("every command of the registry does what it does elsewhere", arguments: programs)
    func commands(program: StoreServer.Program) async throws {
        try await withStoreServer(program) { server in
            let events = try await EventsTable()
            let arguments = ["--db-url=\(events.url)", "--registry-url=\(url(server))"]
            func tool(_ words: String...) async throws -> Tool.Result { try await Tool.run(words + arguments) }

            let first = try await tool("rotate")
            #expect(first.status == 0, "\(first.everything)")
            let header = try await server.header(Self.entity)
            #expect(header["chunks"] == "1")
            let again = try await tool("rotate")
            #expect(again.status == 0)
            #expect(try await server.header(Self.entity) == header)
            for command in ["verify", "status", "doctor"] {
                let result = try await tool(command)
                #expect(!result.everything.contains("can't be used"), "\(result.everything)")
            }
            #expect(try await tool("verify").status == 0)
            let today = try await events.connection.query("SELECT current_date::text AS key")
            let key = try #require(today.first).string("key")
            // No database is named: none is needed.
            let answer = try await Tool.run(["resolve", "events", key, "--registry-url=\(url(server))"])
            #expect(answer.status == 0 && answer.output.hasPrefix("public.events_"), "\(answer.everything)")

            let piece = "partition_map/events/\(header["version"] ?? "")/0"
            let document = try #require(try await server.value(piece))
            #expect(try await tool("registry", "diff").status == 0)
            try await server.put(piece, "{}")
            #expect(try await tool("registry", "diff").status == 1)
            #expect(try await tool("verify").status == 1)
            let repaired = try await tool("registry", "repair")
            #expect(repaired.status == 0, "\(repaired.everything)")
            #expect(try await tool("registry", "diff").status == 0)
            let version = try #require(try await server.header(Self.entity)["version"])
            #expect(try await server.value("partition_map/events/\(version)/0") == document)

            // To another store, and the same there.
            let exported = try await Tool.run(["registry", "export", "--registry-url=\(url(server))"])
            #expect(exported.status == 0)
            let file = FileManager.default.temporaryDirectory.appendingPathComponent("maps-\(UUID()).jsonl")
            defer { try? FileManager.default.removeItem(at: file) }
            try exported.output.write(to: file, atomically: true, encoding: .utf8)
            try await withStoreServer(program == .etcd ? .consul : .etcd) { other in
                let imported = try await Tool.run([
                    "registry", "import", file.path, "--db-url=\(events.url)", "--registry-url=\(url(other))",
                ])
                #expect(imported.status == 0, "\(imported.everything)")
                #expect(try await other.header(Self.entity) == server.header(Self.entity))
                let copy = try await Tool.run(["registry", "export", "--registry-url=\(url(other))"])
                #expect(copy.output == exported.output)
            }

            await server.kill()
            let down = try await tool("rotate", "--buffer-days=150")
            #expect(down.status == 74, "\(down.everything)")
            #expect(down.everything.contains("127.0.0.1:\(server.port)"))
            try await server.start()
            #expect(try await tool("rotate", "--buffer-days=150").status == 0)
            #expect(try await tool("registry", "diff").status == 0)
        }
    }

    @Test("doctor tells of an etcd that takes no writes")
    func fullStore() async throws {
        var options = StoreServer.Options()
        options.quota = 3_000_000
        try await withStoreServer(.etcd, options) { server in
            let events = try await EventsTable()
            let rotate = ["rotate", "--db-url=\(events.url)", "--registry-url=\(url(server))"]
            #expect(try await Tool.run(rotate).status == 0)
            let healthy = try await Diagnosis.run(events.url, ["--registry-url=\(url(server))"])
            #expect(healthy.status == 0 && healthy.codes.isEmpty, "\(healthy.everything)")

            let filling = String(repeating: "x", count: 90_000)
            try await eventually(within: .seconds(60), "etcd is full") {
                (try? await server.put("filling", filling)) == nil
            }
            let full = try await Diagnosis.run(events.url, ["--registry-url=\(url(server))"])
            let hazard = full.first("etcd-space")
            #expect(full.status == 1 && hazard["severity"] == "error", "\(full.everything)")
            #expect(hazard["message"]?.contains("127.0.0.1:\(server.port) takes no writes") == true)
            #expect(hazard["remedy"]?.contains("etcdctl alarm disarm") == true)
            #expect(full.evidence("etcd-space").contains { $0.contains("NOSPACE") })
            let refused = try await Tool.run(rotate + ["--buffer-days=150"])
            #expect(
                refused.status == 74 && refused.everything.contains("its space is used up"),
                "\(refused.everything)"
            )
        }
    }

    @Test("doctor tells of an endpoint that is away while another answers", arguments: programs)
    func endpointAway(program: StoreServer.Program) async throws {
        try await withStoreServer(program) { server in
            let events = try await EventsTable()
            let two = "--registry-url=\(program)://127.0.0.1:1,127.0.0.1:\(server.port)"
            #expect(try await Tool.run(["rotate", "--db-url=\(events.url)", two]).status == 0)
            let found = try await Diagnosis.run(events.url, [two])
            #expect(found.codes == ["registry-endpoint"], "\(found.everything)")
            #expect(found.first("registry-endpoint")["object"] == "127.0.0.1:1")
            #expect(found.evidence("registry-endpoint") == ["of 2 endpoints 1 can be used"])
        }
    }

    @Test("watch prints each version", arguments: programs)
    func watch(program: StoreServer.Program) async throws {
        try await withStoreServer(program) { server in
            let events = try await EventsTable()
            let rotate = ["rotate", "--db-url=\(events.url)", "--registry-url=\(url(server))"]
            #expect(try await Tool.run(rotate).status == 0)
            let first = try #require(try await server.header(Self.entity)["version"])
            let watching = try Tool.start(["watch", "events", "--registry-url=\(url(server))", "--output=json"])
            try await eventually(within: .seconds(60), "watch prints version \(first)") {
                watching.output.contains(first)
            }
            #expect(try await Tool.run(rotate + ["--buffer-days=200"]).status == 0)
            let second = try #require(try await server.header(Self.entity)["version"])
            #expect(first != second)
            try await eventually(within: .seconds(60), "watch prints version \(second)") {
                watching.output.contains(second)
            }
            watching.signal(SIGTERM)
            _ = await watching.result()
        }
    }

    @Test(
        "a publisher that is killed between pieces and header changes nothing, and the next run publishes",
        arguments: programs
    )
    func killed(program: StoreServer.Program) async throws {
        try await withStoreServer(program) { server in
            let events = try await EventsTable()
            func rotate(_ days: Int, port: Int? = nil) -> [String] {
                let place = "\(program)://127.0.0.1:\(port ?? server.port)?timeout=60"
                return ["rotate", "--buffer-days=\(days)", "--db-url=\(events.url)", "--registry-url=\(place)"]
            }
            #expect(try await Tool.run(rotate(60)).status == 0)
            let before = try await server.header(Self.entity)
            let exported = try await Tool.run(["registry", "export", "--registry-url=\(url(server))"])

            // What makes the new version visible never arrives.
            let proxy = try await TCPProxy.start(before: server.port, hanging: .before(server.headerWrite(Self.entity)))
            let run = try Tool.start(rotate(150, port: proxy.port))
            try await eventually(within: .seconds(60), "the run is about to write the header") { proxy.isHung }
            run.signal(SIGKILL)
            #expect(await run.result().status == 128 + SIGKILL)
            proxy.stop()

            #expect(try await server.header(Self.entity) == before)
            let left = try await pieces(server).subtracting([before["version"] ?? ""])
            #expect(left.count == 1)
            let same = try await Tool.run(["registry", "export", "--registry-url=\(url(server))"])
            #expect(same.output == exported.output)

            // The next run publishes; what was left is collected by the one after, when it lies before the version that is replaced.
            let next = try await Tool.run(rotate(150))
            #expect(next.status == 0, "\(next.everything)")
            let second = try #require(try await server.header(Self.entity)["version"])
            #expect(second != before["version"])
            #expect(try await Tool.run(rotate(250)).status == 0)
            let third = try #require(try await server.header(Self.entity)["version"])
            #expect(try await pieces(server) == [second, third])
        }
    }

    /// The versions of which pieces lie there.
    private func pieces(_ server: StoreServer) async throws -> Set<String> {
        let keys = try await server.keys().filter { !$0.hasSuffix("/header") }
        return Set(keys.compactMap { $0.split(separator: "/").dropLast().last.map(String.init) })
    }
}
