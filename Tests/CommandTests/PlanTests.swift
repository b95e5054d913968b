// SPDX-License-Identifier: Apache-2.0
// Part of partition-cli. See LICENSE and CONTRIBUTING.md.

import LibPQ
import Partitioning
import Provisioning
import Testing
import TestSupport

@Suite("plan", .temporaryDatabase)
struct PlanTests {
    @Test("shows what would be made, why and under which locks, and changes nothing")
    func shows() async throws {
        let events = try await EventsTable()
        let before = try await events.fingerprint
        let result = try await Tool.run(["plan", "--db-url=\(events.url)"])
        #expect(result.status == 0, "\(result.everything)")
        #expect(result.output.contains("  +  public.events_"))
        #expect(result.output.contains("inside the buffer of 60 days"))
        #expect(result.output.contains("SHARE UPDATE EXCLUSIVE on public.events"))
        #expect(result.output.contains(" to create"))
        #expect(try await events.fingerprint == before)
    }

    @Test("counts repairs and what stays as it is")
    func summary() async throws {
        let events = try await EventsTable()
        let name = try #require(await events.partitions.first)
        _ = try await Tool.run(["rotate", "--db-url=\(events.url)", "--registry-url=none"])
        _ = try await events.connection.query("CREATE INDEX later ON ONLY events (id)")
        _ = try await events.connection.query("CREATE TABLE regions (name text) PARTITION BY LIST (name)")
        let result = try await Tool.run(["plan", "--db-url=\(events.url)"])
        #expect(result.output.contains("  ~  index later on public.\(name)"), "\(result.everything)")
        let count = try await events.partitions.count
        #expect(result.output.contains("\(count) indexes to repair, 1 table left alone"), "\(result.everything)")
    }

    @Test("--detailed-exitcode exits 2 where there is something to do, 0 where there isn't")
    func detailed() async throws {
        let events = try await EventsTable()
        let open = try await Tool.run(["plan", "--detailed-exitcode", "--db-url=\(events.url)"])
        #expect(open.status == 2)
        _ = try await Tool.run(["rotate", "--db-url=\(events.url)", "--registry-url=none"])
        let done = try await Tool.run(["plan", "--detailed-exitcode", "--db-url=\(events.url)"])
        #expect(done.status == 0)
        #expect(done.output.contains("nothing to do, 1 table unchanged"))
    }

    @Test("says how big the default partition is that will be read, and how long that takes; milliseconds without one")
    func sizes() async throws {
        let events = try await EventsTable()
        let plain = try await Tool.run(["plan", "--db-url=\(events.url)"])
        #expect(plain.output.contains("     takes: milliseconds"), "\(plain.everything)")
        #expect(plain.output.contains("     in the way now: nobody"))
        #expect(!plain.output.contains("times are estimates"))
        _ = try await events.connection.query(
            "CREATE TABLE rest PARTITION OF events DEFAULT WITH (autovacuum_enabled = off)"
        )
        _ = try await events.connection.query(
            "INSERT INTO events SELECT n, '2001-01-01' FROM generate_series(1, 250000) n"
        )
        let text = try await Tool.run(["plan", "--db-url=\(events.url)"])
        #expect(text.output.contains("to read public.rest (11 MB) twice beside"), "\(text.everything)")
        #expect(text.output.contains("times are estimates"))
        let json = try await Tool.run(["plan", "--output=json", "--db-url=\(events.url)"]).json
        let table = try #require((json["tables"] as? [[String: Any]])?.first)
        let work = try #require((table["work"] as? [[String: Any]])?.first)
        #expect(work["kind"] as? String == "read-default-partition")
        #expect(work["passes"] as? Int == 2)
        let size = try #require(
            await events.connection.query("SELECT pg_relation_size('rest') AS bytes").first
        ).int64("bytes")
        #expect(work["bytes"] as? Int64 == size)
        let seconds = try #require(work["estimatedSeconds"] as? Double)
        #expect(abs(seconds - Double(2 * size) / Double(OnlineWork.scanRate)) < 0.001)
    }

    @Test("a table that is locked has no size, and nobody waits for one")
    func locked() async throws {
        let events = try await EventsTable()
        _ = try await events.connection.query("CREATE TABLE rest PARTITION OF events DEFAULT")
        let holder = try await events.database.connect()
        _ = try await holder.query("BEGIN")
        _ = try await holder.query("LOCK TABLE rest IN ACCESS EXCLUSIVE MODE")
        let sizes = try await RelationSizes.read(of: [try await events.oid(of: "rest")], on: events.connection)
        #expect(sizes == [:])
    }

    @Test("names who is in the way at this moment")
    func blockers() async throws {
        let events = try await EventsTable()
        let holder = try await events.database.connect(applicationName: "the holder")
        _ = try await holder.query("BEGIN")
        _ = try await holder.query("LOCK TABLE events IN SHARE UPDATE EXCLUSIVE MODE")
        let result = try await Tool.run(["plan", "--db-url=\(events.url)"])
        #expect(result.output.contains("application the holder"))
    }
}
