// SPDX-License-Identifier: Apache-2.0
// Part of partition-cli. See LICENSE and CONTRIBUTING.md.

import LibPQ
import TestSupport
import Testing

/// What has broken quoting somewhere, some time.
private let hostileTexts = [
    "plain", "", " ", "O'Reilly", "''", "'; DROP TABLE t; --", "\"", "a\"b\"\"c", "\\", "\\'", "\\\\'; SELECT 1; --",
    "trailing\\", "E'\\x41'", "$1", "$$", "$tag$ body $tag$", "line\nbreak\r\n\ttab", "Straße 🐘 e\u{301} \u{202e}rtl",
    "'\u{301}", "\"\u{301}", "\\\u{301}", "{a,b}", "NULL", "%s %I %%", "/* -- */", "\u{1}\u{7f}\u{a0}", ":name @x ?",
]

@Suite("A statement", .temporaryDatabase)
struct StatementTests {
    @Test("brings any text to the server unchanged, as literal and as bind", arguments: [true, false])
    func literals(standardConformingStrings: Bool) async throws {
        let connection = try await TemporaryDatabase.current.connect()
        _ = try await connection.query(
            "SET standard_conforming_strings = \(literal: standardConformingStrings)"
        )
        _ = try await connection.query("SET escape_string_warning = off")
        for text in hostileTexts {
            let row = try await connection.query("SELECT\(literal: text) AS literal, \(bind: text)::text AS bind")[0]
            #expect(try Array(row.string("literal").unicodeScalars) == Array(text.unicodeScalars))
            #expect(try Array(row.string("bind").unicodeScalars) == Array(text.unicodeScalars))
            let script = try await connection.script(["SELECT \(literal: text) AS literal", "SELECT 1"])
            #expect(try Array(script[0][0].string("literal").unicodeScalars) == Array(text.unicodeScalars))
        }
    }

    @Test("names any object as it is called")
    func identifiers() async throws {
        let connection = try await TemporaryDatabase.current.connect()
        for text in hostileTexts where !text.isEmpty {
            _ = try await connection.script([
                "CREATE SCHEMA \(identifier: text)",
                "CREATE TABLE \(qualified: text, text) (\(identifier: text) int)",
            ])
            let rows = try await connection.query(
                """
                SELECT nspname, relname, attname FROM pg_attribute JOIN pg_class c ON c.oid = attrelid
                JOIN pg_namespace n ON n.oid = relnamespace
                WHERE attnum = 1 AND relkind = 'r' AND nspname = \(literal: text)
                """
            )
            #expect(rows.count == 1)
            for column in ["nspname", "relname", "attname"] {
                #expect(try Array(rows[0].string(column).unicodeScalars) == Array(text.unicodeScalars))
            }
        }
    }

    @Test("with a NUL or a name that the server would cut is refused before it is sent")
    func refused() async throws {
        let connection = try await TemporaryDatabase.current.connect()
        let longest = String(repeating: "ä", count: 31) + "x"
        #expect(longest.utf8.count == 63)
        _ = try await connection.query("CREATE TABLE \(identifier: longest) (i int)")
        let bad: [Statement] = [
            "SELECT \(literal: "a\0b")", "SELECT \(bind: "a\0b")", "SELECT 1 AS \(identifier: "a\0b")",
            "TABLE \(identifier: longest + "x")", "SELECT 1" + "; SELECT \(literal: "\0")",
            .joined(["SELECT 1", "SELECT \(bind: "\0")"], separator: "; "), "SELECT \(bind: ["a", "\0"])::text[]",
        ]
        for statement in bad {
            let error = await #expect(throws: PostgresError.self) { try await connection.query(statement) }
            #expect(error?.kind == .protocolMisuse)
            let script = await #expect(throws: PostgresError.self) { try await connection.script([statement]) }
            #expect(script?.kind == .protocolMisuse)
        }
    }

    @Test("counts its binds anew when statements are put together")
    func fragments() async throws {
        let connection = try await TemporaryDatabase.current.connect()
        let condition: Statement = "a = \(bind: "x") AND b = \(bind: 2)"
        let other: Statement = "a = \(bind: "y")"
        let either = Statement.joined([condition, other], separator: " OR ")
        let statement: Statement =
            "SELECT a FROM (VALUES ('x', 2), ('x', 3), ('y', 4)) AS v (a, b) WHERE \(fragment: either) LIMIT \(bind: 9)"
        #expect(
            statement.sql == "SELECT a FROM (VALUES ('x', 2), ('x', 3), ('y', 4)) AS v (a, b) "
                + "WHERE a = $1 AND b = $2 OR a = $3 LIMIT $4"
        )
        #expect(statement.binds == ["x", "2", "y", "9"])
        #expect("\(statement)" == statement.sql)
        let rows = try await connection.query(statement)
        #expect(try rows.map { try $0.string("a") } == ["x", "y"])
    }

    @Test("sends NULL, numbers and booleans as what they are")
    func values() async throws {
        let connection = try await TemporaryDatabase.current.connect()
        let row = try await connection.query(
            """
            SELECT \(bind: String?.none)::text IS NULL AS null, \(bind: Int64.min)::bigint = \(literal: Int64.min) AS least,
                   3 -\(literal: -1) = 4 AS minus, \(bind: true)::bool AND \(literal: true) AS yes,
                   \(literal: Int.max) = \(bind: Int.max)::bigint AS most
            """
        )[0]
        for column in ["null", "least", "minus", "yes", "most"] {
            #expect(try row.bool(column), "\(column)")
        }
    }

    @Test("sends and reads arrays, whatever is in them")
    func arrays() async throws {
        let connection = try await TemporaryDatabase.current.connect()
        let row = try await connection.query(
            """
            SELECT \(bind: hostileTexts)::text[] AS texts, \(bind: [Int64.min, 0, .max])::bigint[] AS numbers,
                   \(bind: [String]())::text[] AS empty, cardinality(\(bind: hostileTexts)::text[]) AS count,
                   ARRAY['a', NULL, 'NULL', 'null', ''] AS nulls, '[0:1]={a,b}'::text[] AS shifted,
                   '{{a,b},{c,d}}'::text[] AS nested, ARRAY['pg_class'::regclass::oid] AS oids, NULL::text[] AS nothing
            """
        )[0]
        #expect(
            try row.stringArray("texts").map { Array($0.unicodeScalars) }
                == hostileTexts.map { Array($0.unicodeScalars) }
        )
        #expect(try row.int("count") == hostileTexts.count)
        #expect(try row.int64Array("numbers") == [.min, 0, .max])
        #expect(try row.int64Array("oids") == [1259])
        #expect(try row.stringArray("empty") == [])
        #expect(try row.nullableStringArray("nulls") == ["a", nil, "NULL", "null", ""])
        #expect(try row.stringArray("shifted") == ["a", "b"])
        #expect(try row.optionalStringArray("nothing") == nil)
        for column in ["nulls", "nested", "nothing"] {
            let error = #expect(throws: PostgresError.self) { try row.stringArray(column) }
            #expect(error?.kind == .decoding)
        }
    }
}
