// SPDX-License-Identifier: Apache-2.0
// Part of partition-cli. See LICENSE and CONTRIBUTING.md.

import LibPQ
import Partitioning
import Provisioning
import Testing
import TestSupport

@Suite("One broken table of a hundred", .temporaryDatabase)
struct IsolationTests {
    struct Breakage: Sendable, CustomTestStringConvertible {
        var testDescription: String
        var statements: [String]
        var sqlState: String
    }

    static let breakages = [
        Breakage(
            testDescription: "an event trigger that raises for its partitions",
            statements: [
                """
                CREATE FUNCTION refuse() RETURNS event_trigger LANGUAGE plpgsql AS $$
                BEGIN
                  IF EXISTS (SELECT FROM pg_event_trigger_ddl_commands() WHERE object_identity LIKE 'public.t50\\_20%') THEN
                    RAISE EXCEPTION 'not this one' USING ERRCODE = 'ZX123';
                  END IF;
                END $$
                """,
                "CREATE EVENT TRIGGER refusal ON ddl_command_end WHEN TAG IN ('CREATE TABLE') EXECUTE FUNCTION refuse()",
            ],
            sqlState: "ZX123"
        ),
        Breakage(
            testDescription: "an event trigger that raises when one is attached",
            statements: [
                """
                CREATE FUNCTION refuse() RETURNS event_trigger LANGUAGE plpgsql AS $$
                BEGIN
                  IF EXISTS (SELECT FROM pg_event_trigger_ddl_commands() WHERE object_identity = 'public.t50') THEN
                    RAISE division_by_zero;
                  END IF;
                END $$
                """,
                "CREATE EVENT TRIGGER refusal ON ddl_command_end WHEN TAG IN ('ALTER TABLE') EXECUTE FUNCTION refuse()",
            ],
            sqlState: "22012"
        ),
        Breakage(
            testDescription: "rows of the future in its default partition",
            statements: [
                "CREATE TABLE rest PARTITION OF t50 DEFAULT", "INSERT INTO t50 VALUES (now() + interval '40 days')",
            ],
            sqlState: "23514"
        ),
    ]

    @Test("doesn't keep the others from being done, and is named with its own SQLSTATE:", arguments: breakages)
    func isolation(_ breakage: Breakage) async throws {
        let fixture = try await Fixture()
        try await fixture.execute(
            """
            DO $$ DECLARE month date := date_trunc('month', now()); BEGIN
              FOR n IN 1..100 LOOP
                EXECUTE format('CREATE TABLE t%s (at timestamptz NOT NULL) PARTITION BY RANGE (at)', n);
                EXECUTE format('CREATE TABLE t%s_first PARTITION OF t%s FOR VALUES FROM (%L) TO (%L)', n, n,
                    month::text || ' 00:00:00+00', (month + interval '1 month')::date::text || ' 00:00:00+00');
              END LOOP;
            END $$
            """
        )
        try await fixture.run(breakage.statements)
        let report = try await fixture.rotate()
        #expect(report.tables.count == 100)
        #expect(report.tables.filter { $0.outcome == .converged }.count == 99, "\(report.tables.map(\.outcome))")
        guard case .failed(let failure) = try #require(report.table("t50")).outcome else {
            Issue.record("\(String(describing: report.table("t50")))")
            return
        }
        #expect(failure.sqlState == breakage.sqlState, "\(failure)")
        #expect(try await fixture.children(of: "t51").count == fixture.connection.months().count)
        let standalone = try await fixture.strings(
            "SELECT relname::text AS v FROM pg_class WHERE relkind = 'r' AND relname LIKE 't50%' AND NOT relispartition"
        )
        #expect(standalone == [])
    }
}
