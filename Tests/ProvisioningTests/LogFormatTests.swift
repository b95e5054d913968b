// SPDX-License-Identifier: Apache-2.0
// Part of partition-cli. See LICENSE and CONTRIBUTING.md.

import Testing

@testable import Provisioning

@Suite("Refused rows in a server's log")
struct LogFormatTests {
    private static let message = #"no partition of relation "events" found for row"#

    private static func failures(_ format: LogFormat, _ text: String) -> [InsertFailure] {
        format.failures(in: Array(text.utf8), database: "shop")
    }

    private static func json(_ message: String, state: String = "23514", database: String = "shop") -> String {
        let quoted = message.split(separator: "\"", omittingEmptySubsequences: false).joined(separator: "\\\"")
        return
            #"{"timestamp":"2026-11-26 04:00:00.001 UTC","dbname":"\#(database)","state_code":"\#(state)","message":"\#(quoted)"}"#
    }

    private static func csv(_ message: String, state: String = "23514", database: String = "shop") -> String {
        let quoted = message.split(separator: "\"", omittingEmptySubsequences: false).joined(separator: "\"\"")
        return
            "2026-11-26 04:00:00.001 UTC,\"app\",\"\(database)\",1,\"[local]\",6.1,2,\"INSERT\",2026-11-26 04:00:00 UTC,3/4,0,ERROR,"
            + "\(state),\"\(quoted)\",\"Partition key\nof the failing row\",,,,,\"INSERT INTO events\nVALUES (1)\",,,\"psql\",\"client backend\",,0"
    }

    @Test("are read from jsonlog: of this database, of this SQLSTATE, also when the piece begins inside an entry")
    func jsonlog() {
        let text = [
            #"rows","message":"no partition of relation \"cut\" found for row"}"#, Self.json(Self.message),
            Self.json(Self.message, database: "other"), Self.json(Self.message, state: "23505"),
            Self.json(#"new row for relation "events" violates check constraint "positive""#),
            Self.json("keine Partition von Relation »events« für die Zeile gefunden"), "{\"timestamp\":\"2026",
        ].joined(separator: "\n")
        let expected = InsertFailure(relation: "events", time: "2026-11-26 04:00:00.001 UTC")
        #expect(Self.failures(.jsonlog, text) == [expected, expected])
    }

    @Test("are read from csvlog, whose entries span lines, also when the piece begins inside one")
    func csvlog() {
        let text = [
            "VALUES (1, \"x\")\",,,\"psql\",\"client backend\",,0", Self.csv(Self.message),
            Self.csv(Self.message, database: "other"), Self.csv(Self.message, state: "23505"),
            Self.csv(#"new row for relation "events_2026_11" violates partition constraint"#),
            "2026-11-26 04:00:01,\"half",
        ].joined(separator: "\n")
        #expect(Self.failures(.csvlog, text).map(\.relation) == ["events", "events_2026_11"])
        #expect(Self.failures(.csvlog, text).first?.time == "2026-11-26 04:00:00.001 UTC")
    }

    @Test("are read from plain lines: the message itself, not a query that quotes it")
    func stderr() {
        let text = """
            artition of relation "cut" found for row
            2026-11-26 04:00:00.001 UTC [12] user=app,db=shop ERROR:  \(Self.message)
            2026-11-26 04:00:00.001 UTC [12] user=app,db=shop STATEMENT:  SELECT 'ERROR:
            \tERROR:  \(Self.message)
            2026-11-26 04:00:02.001 UTC [12] LOG:  \(Self.message)
            [12] 23514 FEHLER:  keine Partition von Relation »events« für die Zeile gefunden
            2026-11-26 04:00:03.001 UTC [12] ERROR:  new row for relation "a" violates check constraint "b"
            """
        #expect(
            Self.failures(.stderr, text) == [
                InsertFailure(relation: "events", time: "2026-11-26 04:00:00.001 UTC"),
                InsertFailure(relation: "events", time: nil),
            ]
        )
    }

    @Test("are found whatever bytes stand around them", arguments: LogFormat.allCases)
    func bytes(format: LogFormat) {
        let entry =
            switch format {
            case .jsonlog: Self.json(Self.message)
            case .csvlog: Self.csv(Self.message)
            case .stderr: "2026-11-26 04:00:00 UTC [1] ERROR:  \(Self.message)"
            }
        let noise: [UInt8] = [0xFF, 0x22, 0x00, 0xC3, 0x0A]
        let bytes = noise + Array(entry.utf8) + [0x0A] + noise + Array(repeating: 0x22, count: 5)
        #expect(format.failures(in: bytes, database: "shop").map(\.relation) == ["events"])
        #expect(format.failures(in: [], database: "shop").isEmpty)
    }
}
