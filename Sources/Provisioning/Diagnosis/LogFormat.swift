// SPDX-License-Identifier: Apache-2.0
// Part of partition-cli. See LICENSE and CONTRIBUTING.md.

#if canImport(FoundationEssentials)
    import FoundationEssentials
#else
    import Foundation
#endif

/// Reads refused rows out of a piece of a server's log, in each of its three formats.
///
/// The piece may begin and end in the middle of an entry, and hold bytes of any encoding. Entries are told by SQLSTATE 23514; of those with it
/// the ones about partitions name a relation and no constraint, in whatever language.
package enum LogFormat: String, Sendable, CaseIterable {
    case jsonlog, csvlog, stderr

    /// - Parameter database: entries of others are left out, where the format says of which they are.
    package func failures(in bytes: [UInt8], database: String) -> [InsertFailure] {
        switch self {
        case .jsonlog: Self.json(bytes, database)
        case .csvlog: Self.csv(bytes, database)
        case .stderr: Self.plain(bytes)
        }
    }

    private static let state = "23514"

    // MARK: jsonlog

    private struct Entry: Decodable {
        var timestamp: String?
        var dbname: String?
        var stateCode: String?
        var message: String?

        enum CodingKeys: String, CodingKey {
            case timestamp, dbname, message
            case stateCode = "state_code"
        }
    }

    private static func json(_ bytes: [UInt8], _ database: String) -> [InsertFailure] {
        let mark = Array(state.utf8)
        return bytes.split(separator: UInt8(ascii: "\n")).compactMap { line in
            // Most lines are something else, and cheaper to search than to decode.
            guard line.contains(mark), let entry = try? JSONDecoder().decode(Entry.self, from: Data(line)),
                entry.stateCode == state, entry.dbname == database, let message = entry.message,
                let relation = relation(in: message)
            else { return nil }
            return InsertFailure(relation: relation, time: entry.timestamp)
        }
    }

    // MARK: csvlog

    /// Columns of `csvlog`, from 0, and how many an entry has at the least.
    private static let (timeColumn, databaseColumn, stateColumn, messageColumn, columns) = (0, 2, 12, 13, 23)

    private static func csv(_ bytes: [UInt8], _ database: String) -> [InsertFailure] {
        var failures: [InsertFailure] = []
        var position = 0
        while position < bytes.count {
            guard let (fields, end) = CSVRecord.read(bytes, from: position), fields.count >= columns,
                fields[timeColumn].first?.isNumber == true
            else {
                // The rest of an entry: the next line may begin one.
                position = (bytes[position...].firstIndex(of: UInt8(ascii: "\n")) ?? bytes.count) + 1
                continue
            }
            position = end
            if fields[stateColumn] == state, fields[databaseColumn] == database,
                let relation = relation(in: fields[messageColumn])
            {
                failures.append(InsertFailure(relation: relation, time: fields[timeColumn]))
            }
        }
        return failures
    }

    // MARK: stderr

    /// Plain lines have no SQLSTATE unless `log_line_prefix` has `%e`; without one only the English message is known.
    private static func plain(_ bytes: [UInt8]) -> [InsertFailure] {
        bytes.split(separator: UInt8(ascii: "\n")).compactMap { line in
            // The further lines of an entry begin with a tab.
            guard line.first != UInt8(ascii: "\t") else { return nil }
            let text = String(decoding: line, as: UTF8.self)
            let message: Substring
            if let found = text.firstRange(of: "ERROR:  ") {
                message = text[found.upperBound...]
                guard text[..<found.lowerBound].contains(state) || isEnglish(message) else { return nil }
            } else if text.contains(state) {
                message = text[...]
            } else {
                return nil
            }
            guard let relation = relation(in: message) else { return nil }
            return InsertFailure(relation: relation, time: time(of: text))
        }
    }

    private static func isEnglish(_ message: Substring) -> Bool {
        message.hasPrefix("no partition of relation \"")
            || (message.hasPrefix("new row for relation \"") && message.hasSuffix("violates partition constraint"))
    }

    /// The first words where they are a date and a time (`%t` or `%m`), as the usual prefixes begin.
    private static func time(of line: String) -> String? {
        let words = line.split(separator: " ", maxSplits: 3)
        guard words.count == 4, words[0].utf8.count == 10, words[1].contains(":"),
            words[0].utf8.allSatisfy({ $0 == UInt8(ascii: "-") || (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0) }
            )
        else { return nil }
        return words.prefix(3).joined(separator: " ")
    }

    // MARK: the message

    private static let quotes: [(Character, Character)] = [
        ("\"", "\""), ("«", "»"), ("»", "«"), ("„", "“"), ("“", "”"), ("「", "」"),
    ]

    /// The only quoted name of the message; nil where it quotes none, or also a constraint's.
    static func relation(in message: some StringProtocol) -> String? {
        guard let start = message.firstIndex(where: { character in quotes.contains { $0.0 == character } }),
            let close = quotes.first(where: { $0.0 == message[start] })?.1
        else { return nil }
        let rest = message[message.index(after: start)...]
        guard let end = rest.firstIndex(of: close) else { return nil }
        let after = rest[rest.index(after: end)...]
        guard !after.contains(where: { character in quotes.contains { $0.0 == character } }), end > rest.startIndex
        else {
            return nil
        }
        return String(rest[..<end])
    }
}

/// One record of comma-separated values, whose quoted fields may hold line ends.
private enum CSVRecord {
    /// No entry is longer: more is taken for a piece that begins inside a quoted field.
    private static let limit = 1 << 16

    /// - Returns: the fields and the position behind the record; nil where there is no whole record.
    static func read(_ bytes: [UInt8], from start: Int) -> (fields: [String], end: Int)? {
        var fields: [String] = []
        var field: [UInt8] = []
        var isQuoted = false
        var position = start
        let end = min(bytes.count, start + limit)
        while position < end {
            let byte = bytes[position]
            position += 1
            switch byte {
            case UInt8(ascii: "\""):
                if isQuoted, position < end, bytes[position] == byte {
                    field.append(byte)
                    position += 1
                } else {
                    isQuoted.toggle()
                }
            case UInt8(ascii: ",") where !isQuoted:
                fields.append(String(decoding: field, as: UTF8.self))
                field.removeAll(keepingCapacity: true)
            case UInt8(ascii: "\n") where !isQuoted:
                fields.append(String(decoding: field, as: UTF8.self))
                return (fields, position)
            default: field.append(byte)
            }
        }
        return nil
    }
}
