// SPDX-License-Identifier: Apache-2.0
// Part of partition-cli. See LICENSE and CONTRIBUTING.md.

import LibPQ
import Partitioning

extension Examination {
    /// Refused rows in the last part of the server's log.
    func lookAtLog(_ result: inout Result) async throws {
        guard let observation = result.observation else { return }
        switch try await readLog(database: observation.snapshot.server.database) {
        case .read(let findings):
            result.hazards += Hazard.hazards(of: findings, tables: observation.snapshot.tables, plan: observation.plan)
        case .unreadable(let hazard): result.hazards.append(hazard)
        }
    }

    private enum LogReading {
        case read(LogFindings)
        case unreadable(Hazard)
    }

    private func readLog(database: String) async throws(PostgresError) -> LogReading {
        let rows = try await rows(
            """
            SELECT current_user::text AS name, current_setting('logging_collector') = 'on' AS collected,
                   has_function_privilege('pg_ls_logdir()', 'EXECUTE') AS lists,
                   has_function_privilege('pg_current_logfile(text)', 'EXECUTE') AS finds,
                   has_function_privilege('pg_read_binary_file(text,bigint,bigint,boolean)', 'EXECUTE') AS reads
            """
        )
        guard let row = rows.first else { throw PostgresError(.decoding, "a SELECT of rights gave no row") }
        guard try row.bool("collected") else {
            return .unreadable(
                Self.blind(
                    "the server's log can't be read through SQL: logging_collector is off",
                    "search the log for SQLSTATE 23514, \"no partition of relation\"; or set logging_collector = on (a restart)"
                )
            )
        }
        let name = Hazard.quoted(try row.string("name"))
        var grants: [String] = []
        if try !row.bool("lists") { grants.append("GRANT pg_monitor TO \(name)") }
        // PostgreSQL 15 doesn't let pg_monitor use it.
        for (right, function) in [
            ("finds", "pg_current_logfile(text)"), ("reads", "pg_read_binary_file(text, bigint, bigint, boolean)"),
        ] where try !row.bool(right) { grants.append("GRANT EXECUTE ON FUNCTION pg_catalog.\(function) TO \(name)") }
        guard grants.isEmpty else {
            return .unreadable(
                Self.blind("the server's log isn't readable for this role", grants.joined(separator: "; "))
            )
        }
        return .read(try await findings(database: database))
    }

    private static func blind(_ message: String, _ remedy: String) -> Hazard {
        Hazard(.note, .notExamined, object: "the server's log", message, remedy: remedy)
    }

    /// From the best of the formats in use: the structured ones name SQLSTATE and database.
    private func findings(database: String) async throws(PostgresError) -> LogFindings {
        var findings = LogFindings(file: "no file", bytes: 0, namesDatabase: true, failures: [])
        for format in LogFormat.allCases {
            // Bytes, not text: a piece may begin inside a character, and a log holds the encodings of all databases.
            let rows = try await rows(
                """
                SELECT l.file, l.size, pg_read_binary_file(l.file, greatest(0, l.size - \(bind: limits.log)), \(bind: limits.log), true) AS content
                  FROM (SELECT f.file, d.size FROM pg_current_logfile(\(bind: format.rawValue)) f(file)
                          JOIN pg_ls_logdir() d ON right(f.file, length(d.name) + 1) = '/' || d.name) l
                """
            )
            guard let row = rows.first, let content = try row.optionalString("content") else { continue }
            let bytes = Self.bytes(ofHex: content)
            findings = LogFindings(
                file: try row.string("file"),
                bytes: Int64(bytes.count),
                namesDatabase: format != .stderr,
                failures: format.failures(in: bytes, database: database)
            )
            break
        }
        return findings
    }

    /// `\x0a1b…`, as `bytea_output = 'hex'` prints it.
    private static func bytes(ofHex text: String) -> [UInt8] {
        func value(_ digit: UInt8) -> UInt8 {
            digit < UInt8(ascii: "a") ? digit &- UInt8(ascii: "0") : digit &- UInt8(ascii: "a") &+ 10
        }
        let digits = Array(text.utf8.dropFirst(2))
        return stride(from: 0, to: digits.count - 1, by: 2).map { value(digits[$0]) << 4 | value(digits[$0 + 1]) }
    }
}
