// SPDX-License-Identifier: Apache-2.0
// Part of partition-cli. See LICENSE and CONTRIBUTING.md.

import Partitioning
import PolicyFile
import SeededRandom

/// Policies that nobody thought of, all of them valid.
struct RandomPolicy {
    private var generator: SeededGenerator

    init(seed: UInt64) {
        generator = SeededGenerator(seed: seed)
    }

    mutating func document() throws -> PolicyDocument {
        let tables = try (0..<Int.random(in: 1...3, using: &generator)).map { try table($0) }
        return PolicyDocument(
            database: try maybe { try $0.connection() },
            registry: try maybe { try $0.connection() },
            defaults: try settings(buffer: 61...90, emergency: 1...5),
            tables: tables
        )
    }

    private mutating func maybe<Value>(_ make: (inout RandomPolicy) throws -> Value) rethrows -> Value? {
        Bool.random(using: &generator) ? try make(&self) : nil
    }

    private mutating func pick<Value>(_ values: [Value]) -> Value {
        values[Int.random(in: values.indices, using: &generator)]
    }

    /// A text of characters that YAML, SQL or this grammar could trip over.
    private mutating func text(_ length: ClosedRange<Int>) -> String {
        let characters = [
            "a", "B", "0", " ", "_", "-", ":", "#", "'", "\"", "\\", "{", "}", "[", ",", "&", "*", "!", "|", ">", "%",
            "@", "`",
            "~", "é", "\u{301}", "😀", "\t", "\n", "\u{7F}", "\u{85}", "\u{2028}", "\u{202E}", "\u{E000}", "$$", "?",
            "=", "<",
        ]
        return (0..<Int.random(in: length, using: &generator)).map { _ in pick(characters) }.joined()
    }

    /// No double quotes around it, which the grammar takes for a mistake.
    private mutating func column() throws -> CatalogName {
        try CatalogName(
            parsing: pick(["ts", "yes", "null", "12", "1.5", "Event Time", "c" + text(0...12), text(0...12) + "c"])
        )
    }

    private mutating func connection() throws -> EnvironmentText {
        try EnvironmentText(parsing: pick(["${DB_URL}", "x${DB_URL}", "${PW}${PW}", "a: b", "a#" + text(0...9)]))
    }

    private mutating func settings(buffer: ClosedRange<Int>, emergency: ClosedRange<Int>) throws -> PolicySettings {
        PolicySettings(
            buffer: maybe { PolicyDuration($0.number(buffer), .day) } ?? nil,
            window: maybe { DailyWindow(start: $0.number(0...700), end: $0.number(701...1439)) } ?? nil,
            emergency: maybe { PolicyDuration($0.number(emergency), $0.pick([.minute, .hour, .day])) } ?? nil,
            timeZone: try maybe {
                try ZoneName(parsing: $0.pick(["UTC", "Etc/GMT+5", "America/Port-au-Prince", "No", "y"]))
            },
            quotaThreshold: maybe { Percentage($0.number(1...100)) } ?? nil,
            quotaCapacity: maybe { ByteSize(bytes: Int64.random(in: 1...Int64.max, using: &$0.generator)) } ?? nil
        )
    }

    private mutating func number(_ range: ClosedRange<Int>) -> Int { Int.random(in: range, using: &generator) }

    private mutating func table(_ index: Int) throws -> PolicyTable {
        let name = RelationName(schema: pick(["public", "a b", "Ä"]), name: "t\(index)" + text(0...12))
        let levels = try (0..<pick([1, 1, 1, 2, 3])).map { _ in try level() }
        return PolicyTable(
            name: name,
            levels: levels,
            names: try maybe { try NamePattern(parsing: "{table}_{unix}" + $0.text(0...2).filter { $0 != "{" }) },
            defaultPartition: maybe { $0.pick(DefaultPartitionRule.allCases) },
            drain: maybe { $0.pick(DrainRule.allCases) },
            adopt: maybe { Bool.random(using: &$0.generator) },
            retention: try maybe { try $0.retention() },
            settings: try settings(buffer: 31...60, emergency: 6...30)
        )
    }

    private mutating func level() throws -> PolicyLevel {
        switch number(0...3) {
        case 0: return .hash(HashLevel(column: try column(), modulus: number(1...10_000)))
        case 1: return .list(ListLevel(column: try column(), values: .query("select " + text(0...20))))
        case 2:
            // Each has a beginning of its own, so that no two are equal.
            let texts = (0..<number(1...5)).map { "\($0)" + text(0...9) }
            return .list(
                ListLevel(column: try column(), values: .literal(texts + pick([[], [nil], ["null", "7", "-1.50"]])))
            )
        default:
            // A column for itself: levels by the same one would have to get finer inwards.
            let column = try CatalogName(parsing: "r\(number(0...Int.max))")
            let period = pick([
                Period(count: number(1...999), unit: pick([.minute, .hour, .day, .month, .year])),
                Period(count: number(1...9), unit: .week, weekStart: number(1...7)),
            ])
            let isWeek = period?.unit == .week
            let date = CivilDate(daysSinceEpoch: number(0...30_000))
            let midnight = CivilDateTime(midnightOf: date).microseconds
            let anchor = CivilDateTime(microseconds: midnight + Int64(pick([0, number(0...1439)])) * 60_000_000)
            return .range(
                RangeLevel(column: column, period: period ?? .month, anchor: isWeek ? nil : maybe { _ in anchor })
            )
        }
    }

    private mutating func retention() throws -> RetentionRule {
        let age = PolicyDuration(number(1...99), pick(PolicyDuration.Unit.allCases))
        let grace = maybe { PolicyDuration($0.number(1...9), .hour) } ?? nil
        switch number(0...4) {
        case 0: return RetentionRule(after: pick([age, nil]), action: .keep)
        case 1: return RetentionRule(after: age, action: .detach, grace: grace)
        case 2: return RetentionRule(after: age, action: .move(schema: try column()))
        case 3: return RetentionRule(after: age, action: .archive(to: "s3:" + text(0...9), drop: pick([true, false])))
        default: return RetentionRule(after: age, action: .drop, grace: grace)
        }
    }
}
