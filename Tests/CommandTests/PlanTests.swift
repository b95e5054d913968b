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

    @Test(
        "forecasts what the buffer will hold, and says whether that fits",
        arguments: [("10GiB", true), ("200kB", false)]
    )
    func forecast(capacity: String, fits: Bool) async throws {
        let events = try await EventsTable()
        for statement: Statement in [
            """
            DO $$
            DECLARE
                first timestamptz := date_trunc('month', now());
            BEGIN
                EXECUTE format('CREATE TABLE %I PARTITION OF events FOR VALUES FROM (%L) TO (%L)',
                               to_char(first - interval '1 month', '"events_"YYYY_MM'), first - interval '1 month', first);
            END $$
            """,
            """
            INSERT INTO events SELECT i, date_trunc('month', now()) - interval '1 day' FROM generate_series(1, 1000) i
            """,
        ] { _ = try await events.connection.query(statement) }
        let arguments = [
            "plan", "--db-url=\(events.url)", "--registry-url=none", "--quota-threshold=99",
            "--quota-capacity=\(capacity)",
        ]
        let text = try await Tool.run(arguments)
        #expect(text.status == 0, "\(text.everything)")
        let line = try #require(text.output.split(separator: "forecast: ").last)
        #expect(line.contains("are left"), "\(text.output)")
        #expect(line.contains("that is not enough") == !fits, "\(text.output)")
        let json = try await Tool.run(arguments + ["--output=json"])
        let forecast = try #require((json.json["forecast"] as? [[String: Any]])?.first, "\(json.everything)")
        #expect(forecast["fits"] as? Bool == fits && forecast["bytesBeside"] as? Int == 0)
        #expect((forecast["bytes"] as? Int ?? 0) > 100_000)
    }

    @Test("folds a long series and keeps reason and locks beside it, and so does a stale plan's report; JSON is whole")
    func folded() async throws {
        let events = try await EventsTable()
        _ = try await events.connection.query(
            """
            DO $$ BEGIN
                CREATE TABLE hits (at timestamptz NOT NULL) PARTITION BY RANGE (at);
                EXECUTE format('CREATE TABLE hits_1 PARTITION OF hits FOR VALUES FROM (%L) TO (%L)',
                               date_trunc('hour', now()), date_trunc('hour', now()) + interval '1 hour');
            END $$
            """
        )
        let folder = try Folder()
        let arguments = ["--buffer-days=3", "--table=hits", "--db-url=\(events.url)"]
        let result = try await Tool.run(["plan", "--out=plan.json"] + arguments, in: folder.url)
        #expect(result.output.split(separator: "\n").count < 30, "\(result.everything)")
        #expect(result.output.contains(" more like these") && result.output.contains("why: "), "\(result.output)")
        let json = try await Tool.run(["plan", "--output=json"] + arguments, in: folder.url)
        let steps = try #require((try json.json["tables"] as? [[String: Any]])?.first?["steps"] as? [Any])
        #expect(steps.count > 70, "\(steps.count)")

        let apply = ["apply", "plan.json", "--registry-url=none", "--db-url=\(events.url)"]
        let done = try await Tool.run(apply, in: folder.url)
        #expect(done.status == 0, "\(done.everything)")
        let stale = try await Tool.run(apply, in: folder.url)
        #expect(stale.status == 1 && stale.error.contains("the plan is stale"), "\(stale.everything)")
        #expect(stale.error.split(separator: "\n").count < 20, "\(stale.error)")
        #expect(stale.error.contains(" more like these; --output=json has them all"), "\(stale.error)")
        let whole = try await Tool.run(apply + ["--output=json"], in: folder.url)
        let others = try #require((try whole.json["error"] as? [String: Any])?["others"] as? [String])
        #expect(others.count > 100, "\(others.count)")
    }

    @Test("names the table that --table probably meant")
    func meant() async throws {
        let events = try await EventsTable()
        let result = try await Tool.run(["plan", "--table=public.event", "--db-url=\(events.url)"])
        #expect(result.status == 64 && result.error.contains("public.events may be meant"), "\(result.everything)")
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
