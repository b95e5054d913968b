// SPDX-License-Identifier: Apache-2.0
// Part of partition-cli. See LICENSE and CONTRIBUTING.md.

/// Between a document's values and its JSON. REGISTRY.md, "The document", names the members.
enum DocumentCoding {
    typealias Document = PartitionMapDocument

    struct Parts {
        let table: EntityName
        let key: [Document.Level]
        let timezone: String?
        let keep: Document.KeepPromise?
        let entries: [Document.Entry]
    }

    static func json(
        table: EntityName,
        key: [Document.Level],
        timezone: String?,
        keep: Document.KeepPromise?,
        entries: [Document.Entry]
    ) -> JSONValue {
        var members: [JSONValue.Member] = [
            .init(key: "table", value: .string(table.description)),
            .init(key: "key", value: .array(key.map(json))),
            .init(key: "partitions", value: .array(entries.map { json($0, key) })),
        ]
        if let timezone { members.append(.init(key: "timezone", value: .string(timezone))) }
        if let keep {
            members.append(.init(key: "keepFrom", value: keepFrom(keep.from)))
            members.append(.init(key: "keepUntil", value: .string(CivilTime.instantText(keep.until))))
        }
        return .object(members)
    }

    private static func json(_ level: Document.Level) -> JSONValue {
        .object([
            .init(key: "columns", value: .array(level.columns.map(JSONValue.string))),
            .init(key: "strategy", value: .string(level.strategy.rawValue)),
            .init(key: "types", value: .array(level.types.map(JSONValue.string))),
        ])
    }

    static func json(_ entry: Document.Entry, _ key: [Document.Level]) -> JSONValue {
        var members: [JSONValue.Member] = [
            .init(key: "name", value: .string(entry.name)),
            .init(key: "schema", value: .string(entry.schema)),
            .init(key: "state", value: .string(entry.state.rawValue)),
        ]
        if key.count == 1, let bound = entry.path.first {
            // One level: the bounds stand in the entry itself, and `state` says which one is the default partition.
            if bound != .default { members += Self.members(of: bound) }
        } else {
            members.append(.init(key: "path", value: .array(entry.path.map { .object(Self.members(of: $0)) })))
        }
        return .object(members)
    }

    private static func members(of bound: Document.Bound) -> [JSONValue.Member] {
        switch bound {
        case .default: [.init(key: "default", value: .bool(true))]
        case .hash(let modulus, let remainder):
            [.init(key: "modulus", value: .integer(modulus)), .init(key: "remainder", value: .integer(remainder))]
        case .list(let values): [.init(key: "values", value: .array(values.map(json)))]
        case .range(let start, let end):
            if start.count == 1, end.count == 1 {
                single("start", "from", start[0]) + single("end", "to", end[0])
            } else {
                [
                    .init(key: "start", value: .array(start.map(element))),
                    .init(key: "end", value: .array(end.map(element))),
                ]
            }
        }
    }

    private static func json(_ value: Document.ListValue) -> JSONValue {
        switch value {
        case .null: .null
        case .integer(let value): .integer(value)
        case .text(let text): .string(text)
        }
    }

    /// The local text under `name`, and for instants the exact one under `instantName`.
    private static func single(
        _ name: String,
        _ instantName: String,
        _ datum: Document.RangeDatum
    ) -> [JSONValue.Member] {
        guard case .instant(let microseconds, let offset) = datum else {
            return [.init(key: name, value: element(datum, unbounded: .null))]
        }
        return [
            .init(key: name, value: .string(localText(microseconds, offset))),
            .init(key: instantName, value: .string(text(microseconds, CivilTime.instantText))),
        ]
    }

    /// In a key of several columns null couldn't tell MINVALUE from MAXVALUE: PostgreSQL allows both on both sides.
    private static func element(_ datum: Document.RangeDatum) -> JSONValue {
        let word = datum == .minValue ? "minvalue" : "maxvalue"
        return element(datum, unbounded: .object([.init(key: word, value: .bool(true))]))
    }

    private static func keepFrom(_ datum: Document.RangeDatum) -> JSONValue { element(datum, unbounded: .null) }

    private static func element(_ datum: Document.RangeDatum, unbounded: JSONValue) -> JSONValue {
        switch datum {
        case .minValue, .maxValue: unbounded
        case .date(let microseconds): .string(text(microseconds, CivilTime.dateText))
        case .timestamp(let microseconds): .string(text(microseconds, CivilTime.civilText))
        case .instant(let microseconds, _): .string(text(microseconds, CivilTime.instantText))
        case .integer(let value): .integer(value)
        case .text(let text): .string(text)
        }
    }

    /// A bound without quotes; empty for one that has no value.
    static func plainText(_ datum: Document.RangeDatum) -> String {
        switch element(datum, unbounded: .null) {
        case .string(let text): text
        case .integer(let value): String(value)
        default: ""
        }
    }

    /// A plain date at a local midnight, else a local date-time with its offset.
    static func localText(_ microseconds: Int64, _ offset: Int) -> String {
        text(microseconds) {
            let local = $0 + Int64(offset) * CivilTime.microsecondsPerSecond
            let isMidnight = CivilTime.split(local).microsecondOfDay == 0
            return CivilTime.civilText(local) + (isMidnight ? "" : CivilTime.offsetText(offset))
        }
    }

    private static func text(_ microseconds: Int64, _ format: (Int64) -> String) -> String {
        switch microseconds {
        case .min: "-infinity"
        case .max: "infinity"
        default: format(microseconds)
        }
    }
}
