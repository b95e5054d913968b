// SPDX-License-Identifier: Apache-2.0
// Part of partition-cli. See LICENSE and CONTRIBUTING.md.

import LibPQ
import Partitioning
import Provisioning
import Testing
import TestSupport

@Suite("Tables that are built together", .temporaryDatabase)
struct BuildAheadTests {
    /// A table of days, three of them there.
    private func makeDaily(_ fixture: Fixture) async throws {
        try await fixture.execute(
            "CREATE TABLE daily (at date NOT NULL, note text) PARTITION BY RANGE (at)",
            """
            DO $$
            DECLARE day date;
            BEGIN
                FOR day IN SELECT generate_series(current_date - 2, current_date, '1 day') LOOP
                    EXECUTE format('CREATE TABLE %I PARTITION OF daily FOR VALUES FROM (%L) TO (%L)',
                                   to_char(day, '"daily_"YYYY_MM_DD'), day, day + 1);
                END LOOP;
            END $$
            """
        )
    }

    /// A type is written once, with its table; the entry of the table itself is written again when it is attached.
    private let transactions: Statement = """
        SELECT (count(DISTINCT t.xmin::text) || ' ' || count(DISTINCT c.xmin::text) || ' ' || count(*)) AS v
          FROM pg_inherits i JOIN pg_class c ON c.oid = i.inhrelid JOIN pg_type t ON t.oid = c.reltype
         WHERE i.inhparent = 'daily'::regclass AND c.relname > to_char(current_date, '"daily_"YYYY_MM_DD')
        """

    @Test("nothing in the way, up to 16 are built in a transaction, and each is attached in one of its own")
    func together() async throws {
        let fixture = try await Fixture()
        try await makeDaily(fixture)
        let report = try await fixture.rotate(settings: PlanSettings(bufferDays: 40))
        #expect(report.table("daily")?.outcome == .converged)
        let counts = try await fixture.strings(transactions).first?.split(separator: " ").compactMap { Int($0) } ?? []
        try #require(counts.count == 3)
        #expect(counts[2] >= 40)
        #expect(counts[0] == (counts[2] + 15) / 16)
        #expect(counts[1] == counts[2])
    }

    @Test("with a lock to be waited for each is built when its turn comes, so that a wait leaves one behind at most")
    func alone() async throws {
        let fixture = try await Fixture()
        try await makeDaily(fixture)
        try await fixture.execute("CREATE TABLE daily_default PARTITION OF daily DEFAULT")
        _ = try await fixture.rotate(settings: PlanSettings(bufferDays: 3))
        let counts = try await fixture.strings(transactions).first?.split(separator: " ").compactMap { Int($0) } ?? []
        // The default partition's name sorts after theirs: it is counted too, and was made by itself.
        try #require(counts.count == 3)
        #expect(counts[0] == counts[2])
    }

    @Test(
        "one that can't be built is the only one to fail: those before it are made, those after it skipped, and nothing is left over"
    )
    func oneFails() async throws {
        let fixture = try await Fixture()
        try await makeDaily(fixture)
        try await fixture.execute(
            """
            DO $$ BEGIN
                EXECUTE format('CREATE FUNCTION refuse() RETURNS event_trigger LANGUAGE plpgsql AS %L', format(
                    'BEGIN IF EXISTS (SELECT FROM pg_event_trigger_ddl_commands() WHERE object_identity = %L)
                     THEN RAISE EXCEPTION ''not this one''; END IF; END', to_char(current_date + 5, '"public.daily_"YYYY_MM_DD')));
            END $$
            """,
            "CREATE EVENT TRIGGER refuse ON ddl_command_end WHEN TAG IN ('CREATE TABLE') EXECUTE FUNCTION refuse()"
        )
        let report = try await fixture.rotate(settings: PlanSettings(bufferDays: 10))
        let steps = try #require(report.table("daily")?.steps)
        #expect(steps.count >= 10)
        for (index, step) in steps.enumerated() {
            switch step.result {
            case .done: #expect(index < 4)
            case .failed(let failure):
                #expect(index == 4)
                #expect(failure.message.contains("not this one"))
            case .skipped: #expect(index > 4)
            case .deferred: Issue.record("\(step)")
            }
        }
        let standing = try await fixture.strings(
            "SELECT relname AS v FROM pg_class WHERE relname LIKE 'daily_%' AND relkind = 'r'"
        )
        #expect(standing.count == 3 + 4)

        try await fixture.execute("DROP EVENT TRIGGER refuse")
        #expect(try await fixture.rotate(settings: PlanSettings(bufferDays: 10)).table("daily")?.outcome == .converged)
    }
}
