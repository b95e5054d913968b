// SPDX-License-Identifier: Apache-2.0
// Part of partition-cli. See LICENSE and CONTRIBUTING.md.

import PartitionMap
import PartitionRouter

/// Random documents of all shapes, all of one table, and keys of all shapes to look up in each.
enum RandomMaps {
    typealias Document = PartitionMapDocument
    typealias Datum = PartitionMapDocument.RangeDatum

    private static let hour: Int64 = 3_600_000_000
    /// The hour that comes twice in Berlin, in UTC: its bounds differ by their offset.
    private static let change: Int64 = 20_751 * microsecondsPerDay + hour
    private static let days = [
        "2026-10-24", "2026-10-25", "2026-10-26", "2026-11-01", "2026-11-07", "2026-12-31", "2031-01-01",
    ]

    /// Keys of every kind; most don't fit most documents, which is an answer too.
    static let keys: [[KeyValue]] = {
        var keys: [[KeyValue]] = [[.null], [.null, .null], ["infinity"], ["-infinity"], ["x"], [""], []]
        for day in days {
            for time in ["", "T02:30:00", "T02:30:00+02:00", "T02:30:00+01:00", "T00:59:59.999999Z"] {
                keys.append([.text(day + time)])
            }
            keys += [[1, .text(day)], [.null, .text(day)], ["7", .text(day)]]
        }
        for number: Int64 in [.min, -1_000_000, -1, 0, 1, 7, 20, 50, 99, 1_000_000, .max] {
            keys += [[.coordinate(number)], [.text(String(number))], [.coordinate(number), .coordinate(number)]]
        }
        for step in -40...40 as ClosedRange<Int64> {
            keys += [[.coordinate(change + step * hour)], [.coordinate(change + step * hour - 1)]]
        }
        for text in ["a", "b", "é", "e\u{301}", "z"] { keys.append([.text(text)]) }
        return keys
    }()

    /// The keys as JSON.
    static func json(_ keys: [[KeyValue]]) -> String {
        let rows = keys.map { key in
            "["
                + key.map { value in
                    switch value {
                    case .null: "null"
                    case .coordinate(let number): String(number)
                    case .text(let text): "\"\(text)\""
                    }
                }.joined(separator: ",") + "]"
        }
        return "[" + rows.joined(separator: ",") + "]"
    }

    static func document(_ random: inout SplitMix64) throws -> Document {
        switch Int.random(in: 0..<10, using: &random) {
        case 8: return try composite(&random)
        case 9: return try twoColumns(&random)
        default: return try simple(&random)
        }
    }

    /// Of one level and one column.
    static func simple(_ random: inout SplitMix64) throws -> Document {
        switch Int.random(in: 0..<6, using: &random) {
        case 0: return try one("date", .range, ranges(&random, date), &random)
        case 1: return try one("timestamp without time zone", .range, ranges(&random) { .timestamp($0) }, &random)
        case 2, 3:
            // The change of clocks and the hours around it.
            return try one("timestamp with time zone", .range, ranges(&random, instant), &random, zone: "Europe/Berlin")
        case 4: return try one("bigint", .range, ranges(&random) { .integer(($0 - change) / hour) }, &random)
        default: return try one("text", .list, lists(&random), &random)
        }
    }

    private static func date(_ microseconds: Int64) -> Datum {
        .date(microseconds / microsecondsPerDay * microsecondsPerDay)
    }

    private static func instant(_ microseconds: Int64) -> Datum {
        .instant(microseconds: microseconds, utcOffset: microseconds < change ? 7200 : 3600)
    }

    /// Sorted bounds with gaps, the first and the last sometimes open.
    private static func ranges(_ random: inout SplitMix64, _ datum: (Int64) -> Datum) -> [Document.Bound] {
        var steps: Set<Int64> = []
        for _ in 0..<Int.random(in: 2...30, using: &random) { steps.insert(.random(in: -60...60, using: &random)) }
        var bounds = steps.sorted().map { datum(change + $0 * hour) }
        // Dates of one day are one bound.
        bounds = bounds.enumerated().filter { $0.offset == 0 || bounds[$0.offset - 1] != $0.element }.map(\.element)
        if Bool.random(using: &random) { bounds.insert(.minValue, at: 0) }
        if Bool.random(using: &random) { bounds.append(.maxValue) }
        let all = zip(bounds, bounds.dropFirst()).map { Document.Bound.range($0, $1) }
        return all.filter { _ in Int.random(in: 0..<6, using: &random) > 0 }
    }

    private static func lists(_ random: inout SplitMix64) -> [Document.Bound] {
        var values: [Document.ListValue] = [.text("a"), .text("b"), .text("é"), .text("e\u{301}"), .null]
        values.shuffle(using: &random)
        let cut = Int.random(in: 1..<5, using: &random)
        let rest = values[cut...].dropLast(Int.random(in: 0...1, using: &random))
        return rest.isEmpty ? [.list(Array(values[..<cut]))] : [.list(Array(values[..<cut])), .list(Array(rest))]
    }

    private static func one(
        _ type: String,
        _ strategy: Document.Strategy,
        _ bounds: [Document.Bound],
        _ random: inout SplitMix64,
        zone: String? = nil
    ) throws -> Document {
        var entries = bounds.enumerated().map { number, bound in
            let state: Document.State = Int.random(in: 0..<5, using: &random) == 0 ? .draining : .active
            return Document.Entry(schema: "public", name: "p\(number)", state: state, bound: bound)
        }
        if Bool.random(using: &random) {
            entries.append(.init(schema: "public", name: "rest", state: .default, bound: .default))
        }
        let level = Document.Level(columns: ["k"], types: [type], strategy: strategy)
        return try Document(table: events, key: [level], timezone: zone, entries: entries)
    }

    /// By tenant, then by day.
    private static func composite(_ random: inout SplitMix64) throws -> Document {
        var entries: [Document.Entry] = []
        for tenant in [1, 7] as [Int64] {
            for (number, bound) in ranges(&random, date).enumerated() {
                let path: [Document.Bound] = [.list([.integer(tenant)]), bound]
                entries.append(.init(schema: "t\(tenant)", name: "p\(number)", state: .active, path: path))
            }
        }
        let levels = [
            Document.Level(columns: ["tenant"], types: ["integer"], strategy: .list),
            Document.Level(columns: ["day"], types: ["date"], strategy: .range),
        ]
        return try Document(table: events, key: levels, entries: entries)
    }

    private static func twoColumns(_ random: inout SplitMix64) throws -> Document {
        let cut = Int64.random(in: -50...50, using: &random)
        let day = Datum.date(20_751 * microsecondsPerDay)
        let tuples: [[Datum]] = [
            [.minValue, .minValue], [.integer(cut), day], [.integer(cut), .maxValue], [.integer(cut + 9), day],
        ]
        let entries = zip(tuples, tuples.dropFirst()).enumerated().map { number, pair in
            let bound = Document.Bound.range(start: pair.0, end: pair.1)
            return Document.Entry(schema: "public", name: "p\(number)", state: .active, path: [bound])
        }
        let level = Document.Level(columns: ["a", "b"], types: ["bigint", "date"], strategy: .range)
        return try Document(table: events, key: [level], entries: entries.filter { _ in Bool.random(using: &random) })
    }
}
