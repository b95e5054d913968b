// SPDX-License-Identifier: Apache-2.0
// Part of partition-cli. See LICENSE and CONTRIBUTING.md.

import LibPQ
import Testing
import TestSupport

@Suite("One broken table of a hundred", .temporaryDatabase)
struct OneBrokenTableTests {
    /// 100 monthly tables; for the 42nd nothing can be created, for a reason of its owner's own.
    private static let statements: [Statement] = [
        "SET TimeZone = 'UTC'",
        """
        DO $$
        DECLARE
            first timestamptz := date_trunc('month', now());
            name text;
        BEGIN
            FOR i IN 1..100 LOOP
                name := 'log_' || to_char(i, 'FM000');
                EXECUTE format('CREATE TABLE %I (at timestamptz NOT NULL) PARTITION BY RANGE (at)', name);
                EXECUTE format('CREATE TABLE %I PARTITION OF %I FOR VALUES FROM (%L) TO (%L)',
                               name || to_char(first, '_YYYY_MM'), name, first, first + interval '1 month');
            END LOOP;
        END $$
        """,
        """
        CREATE FUNCTION refuse() RETURNS event_trigger LANGUAGE plpgsql AS $$
        BEGIN
            IF EXISTS (SELECT FROM pg_event_trigger_ddl_commands() WHERE object_identity LIKE 'public.log_042_%') THEN
                RAISE EXCEPTION 'no more tables in this cabinet' USING ERRCODE = 'CAB42';
            END IF;
        END $$
        """,
        "CREATE EVENT TRIGGER refuse ON ddl_command_end WHEN TAG IN ('CREATE TABLE') EXECUTE FUNCTION refuse()",
    ]

    @Test(
        "doesn't stop the 99 others; it is told with its native SQLSTATE, as text and as JSON, and the exit code is 1"
    )
    func hundred() async throws {
        let database = try TemporaryDatabase.current
        let connection = try await database.connect()
        for statement in Self.statements { _ = try await connection.query(statement) }
        let url = EventsTable.url(of: database)
        let told = try await Tool.run(
            ["rotate", "--db-url=\(url)", "--registry-url=none", "--buffer-days=60", "--output=json"]
        )
        #expect(told.status == 1, "\(told.everything)")
        let json = try told.json
        #expect(json["exitStatus"] as? Int == 1)
        let tables = try #require(json["tables"] as? [[String: Any]])
        #expect(tables.count == 100)
        #expect(tables.count { $0["outcome"] as? String == "converged" } == 99)
        let broken = tables.filter { $0["outcome"] as? String != "converged" }
        try #require(broken.count == 1)
        #expect((broken[0]["table"] as? [String: Any])?["qualified"] as? String == "public.log_042")
        #expect(broken[0]["outcome"] as? String == "failed")
        #expect(broken[0]["sqlState"] as? String == "CAB42", "\(broken)")

        let short = try await connection.query(
            """
            SELECT parent.relname AS name FROM pg_class parent
             WHERE parent.relkind = 'p' AND (SELECT count(*) FROM pg_inherits WHERE inhparent = parent.oid)
                   <> (SELECT count(*) FROM generate_series(date_trunc('month', now()), now() + interval '60 days', '1 month'))
            """
        ).map { try $0.string("name") }
        #expect(short == ["log_042"])

        let printed = try await Tool.run(["rotate", "--db-url=\(url)", "--registry-url=none", "--buffer-days=60"])
        #expect(printed.status == 1, "\(printed.everything)")
        let sentences = printed.output.split(separator: "\n").filter { $0.contains("CAB42") }
        #expect(!sentences.isEmpty, "\(printed.everything)")
        #expect(printed.output.contains("log_042") && printed.output.contains("no more tables in this cabinet"))
        #expect(!printed.output.contains("log_041"))
    }
}
