// SPDX-License-Identifier: Apache-2.0
// Part of partition-cli. See LICENSE and CONTRIBUTING.md.

import BenchmarkReport
import Testing

@Suite("Replay of what a session sent")
struct ReplayTests {
    private static let log = """
        @@@@@@LOG:  database system is ready to accept connections
        @@partition-cli@@recording@@LOG:  statement: BEGIN
        \t;
        \tDO 'DECLARE x text;
        \tBEGIN PERFORM (17000::oid, ''public'', 5);
        \tEND'
        \t;
        \tCOMMIT
        \t;
        \t
        @@psql@@recording@@LOG:  statement: SELECT 1
        @@partition-cli@@other@@LOG:  statement: SELECT 2
        @@partition-cli@@recording@@LOG:  execute <unnamed>: SELECT c FROM t WHERE oid = any($1::bigint[]) AND name = $2 AND x = $3
        @@partition-cli@@recording@@DETAIL:  parameters: $1 = '{"16000","17000"}', $2 = 'it''s = a "b"', $3 = NULL

        """

    private static var messages: [LoggedMessage] {
        ServerLog.messages(in: log, application: "partition-cli", database: "recording")
    }

    @Test("a log is read back message by message, of one session's application and database alone")
    func reading() {
        #expect(Self.messages.count == 2)
        #expect(Self.messages.first?.text.hasPrefix("BEGIN\n;\nDO 'DECLARE x text;\nBEGIN") ?? false)
        #expect(Self.messages.last?.parameters == ["{\"16000\",\"17000\"}", "it's = a \"b\"", nil])
    }

    @Test("one message stays one message for psql, and the oid of a new relation is looked up")
    func script() {
        let script = ReplayScript(Self.messages, made: [17000: "public.events_2026_12"])
        let expected = """
            BEGIN
            \\;
            DO 'DECLARE x text;
            BEGIN PERFORM (''public.events_2026_12''::regclass::oid, ''public'', 5);
            END'
            \\;
            COMMIT
            ;
            SELECT c FROM t WHERE oid = any(('{"16000","' || 'public.events_2026_12'::regclass::oid::text || '"}')::bigint[]) \
            AND name = 'it''s = a "b"' AND x = NULL
            ;

            """
        #expect(script.text == expected)
        #expect(script.messageCount == 2)
    }

    @Test("without what was only read, transactions of nothing but queries go too")
    func changes() {
        let begin = LoggedMessage(text: "BEGIN ISOLATION LEVEL READ COMMITTED")
        let commit = LoggedMessage(text: "COMMIT")
        let create = LoggedMessage(text: "CREATE TABLE x (LIKE y)")
        let query = LoggedMessage(text: "SELECT 1")
        let scan = LoggedMessage(text: "SET LOCAL statement_timeout = 0\n;\nSELECT min(a) FROM x\n;\n")
        let kept = ReplayScript.changesAlone([begin, query, commit, query, scan, begin, create, query, commit, query])
        #expect(kept == [begin, create, commit])
    }
}
