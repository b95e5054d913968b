// SPDX-License-Identifier: Apache-2.0
// Part of partition-cli. See LICENSE and CONTRIBUTING.md.

extension DocumentCoding {
    /// The most partitions that are read; more couldn't be told from an attack.
    static let maximumEntries = 1_000_000

    static func parts(of json: JSONValue) throws(PartitionMapError) -> Parts {
        let table = try string(json, "table")
        let name = try EntityName(parsing: table)
        guard name.description.utf8.elementsEqual(table.utf8) else {
            throw PartitionMapError(.notCanonical, "the table's name isn't in quote_ident form")
        }
        let key = try array(json, "key").map { (level) throws(PartitionMapError) in try Self.level(level) }
        let partitions = try array(json, "partitions")
        guard partitions.count <= maximumEntries else {
            throw PartitionMapError(.tooLarge, "more than \(maximumEntries) partitions")
        }
        let entries = try partitions.map { (entry) throws(PartitionMapError) in try Self.entry(entry, key) }
        let timezone = json["timezone"] == nil ? nil : try string(json, "timezone")
        return Parts(table: name, key: key, timezone: timezone, keep: try keep(json, key), entries: entries)
    }

    private static func malformed(_ name: String) -> PartitionMapError {
        PartitionMapError(.malformed, "the member \(name) is missing or of the wrong form")
    }

    private static func string(_ json: JSONValue, _ name: String) throws(PartitionMapError) -> String {
        guard case .string(let text)? = json[name] else { throw malformed(name) }
        return text
    }

    private static func array(_ json: JSONValue, _ name: String) throws(PartitionMapError) -> [JSONValue] {
        guard case .array(let elements)? = json[name] else { throw malformed(name) }
        return elements
    }

    private static func strings(_ json: JSONValue, _ name: String) throws(PartitionMapError) -> [String] {
        try array(json, name).map { (element) throws(PartitionMapError) in
            guard case .string(let text) = element else { throw malformed(name) }
            return text
        }
    }

    private static func level(_ json: JSONValue) throws(PartitionMapError) -> Document.Level {
        guard let strategy = Document.Strategy(rawValue: try string(json, "strategy")) else {
            throw malformed("strategy")
        }
        return Document.Level(
            columns: try strings(json, "columns"),
            types: try strings(json, "types"),
            strategy: strategy
        )
    }

    private static func keep(
        _ json: JSONValue,
        _ key: [Document.Level]
    ) throws(PartitionMapError) -> Document.KeepPromise? {
        guard let from = json["keepFrom"] else {
            guard json["keepUntil"] == nil else { throw malformed("keepFrom") }
            return nil
        }
        guard let kind = key.first?.kinds.first, let datum = Self.datum(from, kind), let until = json["keepUntil"],
            case .instant(let microseconds, _)? = Self.datum(until, .instant)
        else { throw malformed("keepFrom") }
        return Document.KeepPromise(from: datum, until: microseconds)
    }

    private static func entry(_ json: JSONValue, _ key: [Document.Level]) throws(PartitionMapError) -> Document.Entry {
        guard let state = Document.State(rawValue: try string(json, "state")) else { throw malformed("state") }
        let path: [Document.Bound]
        if key.count == 1, let level = key.first {
            path = [state == .default ? .default : try bound(json, level)]
        } else {
            let elements = try array(json, "path")
            guard elements.count == key.count else { throw malformed("path") }
            var bounds: [Document.Bound] = []
            for (element, level) in zip(elements, key) { bounds.append(try bound(element, level)) }
            path = bounds
        }
        let entry = Document.Entry(
            schema: try string(json, "schema"),
            name: try string(json, "name"),
            state: state,
            path: path
        )
        // Written back it must be the same text: one instant, one spelling.
        let rewritten = Self.json(entry, key)
        for name in memberNames where !isSame(json[name], rewritten[name]) {
            throw PartitionMapError(.notCanonical, "the member \(name) of partition \(entry.name) isn't canonical")
        }
        return entry
    }

    private static func isSame(_ read: JSONValue?, _ rewritten: JSONValue?) -> Bool {
        switch (read, rewritten) {
        case (nil, nil): true
        case (let read?, let rewritten?): read.isIdentical(to: rewritten)
        default: false
        }
    }

    private static let memberNames = ["start", "end", "from", "to", "values", "modulus", "remainder", "path"]

    private static func bound(_ json: JSONValue, _ level: Document.Level) throws(PartitionMapError) -> Document.Bound {
        if json["default"] == .bool(true) { return .default }
        switch level.strategy {
        case .hash:
            guard case .integer(let modulus)? = json["modulus"], case .integer(let remainder)? = json["remainder"]
            else { throw malformed("modulus or remainder") }
            return .hash(modulus: modulus, remainder: remainder)
        case .list:
            return .list(
                try array(json, "values").map { (value) throws(PartitionMapError) in
                    switch value {
                    case .null: return .null
                    case .integer(let value): return .integer(value)
                    case .string(let text): return .text(text)
                    default: throw malformed("values")
                    }
                }
            )
        case .range:
            guard level.columns.count == 1, let kind = level.kinds.first else {
                return .range(start: try tuple(json, "start", level), end: try tuple(json, "end", level))
            }
            return .range(
                try single(json, "start", "from", kind, unbounded: .minValue),
                try single(json, "end", "to", kind, unbounded: .maxValue)
            )
        }
    }

    private static func tuple(
        _ json: JSONValue,
        _ name: String,
        _ level: Document.Level
    ) throws(PartitionMapError) -> [Document.RangeDatum] {
        let elements = try array(json, name)
        guard elements.count == level.kinds.count else { throw malformed(name) }
        var tuple: [Document.RangeDatum] = []
        for (element, kind) in zip(elements, level.kinds) {
            if element["minvalue"] == .bool(true) {
                tuple.append(.minValue)
            } else if element["maxvalue"] == .bool(true) {
                tuple.append(.maxValue)
            } else if let datum = Self.datum(element, kind) {
                tuple.append(datum)
            } else {
                throw malformed(name)
            }
        }
        return tuple
    }

    private static func single(
        _ json: JSONValue,
        _ name: String,
        _ instantName: String,
        _ kind: Document.DatumKind,
        unbounded: Document.RangeDatum
    ) throws(PartitionMapError) -> Document.RangeDatum {
        guard let local = json[name] else { throw malformed(name) }
        if local == .null { return unbounded }
        guard kind == .instant else {
            guard let datum = Self.datum(local, kind) else { throw malformed(name) }
            return datum
        }
        guard let exact = json[instantName], case .instant(let microseconds, _)? = Self.datum(exact, .instant),
            case .string(let localText) = local
        else { throw malformed(instantName) }
        guard microseconds != .min, microseconds != .max else {
            return .instant(microseconds: microseconds, utcOffset: 0)
        }
        // The zone's offset there is what lies between the two texts.
        guard let civil = CivilText(localText) else { throw malformed(name) }
        let (seconds, rest) = (civil.microseconds - microseconds)
            .quotientAndRemainder(dividingBy: CivilTime.microsecondsPerSecond)
        guard rest == 0, let offset = Int(exactly: seconds), CivilTime.offsets.contains(offset) else {
            throw malformed(name)
        }
        return .instant(microseconds: microseconds, utcOffset: offset)
    }

    private static func datum(_ json: JSONValue, _ kind: Document.DatumKind) -> Document.RangeDatum? {
        switch (json, kind) {
        case (.integer(let value), .integer): return .integer(value)
        case (.string(let text), .text): return .text(text)
        case (.string(let text), .date):
            return microseconds(text) { $0.hasTime ? nil : $0.microseconds }.map { .date($0) }
        case (.string(let text), .timestamp):
            return microseconds(text) { $0.offset == nil ? $0.microseconds : nil }.map { .timestamp($0) }
        case (.string(let text), .instant):
            return microseconds(text, \.instant).map { .instant(microseconds: $0, utcOffset: 0) }
        default: return nil
        }
    }

    private static func microseconds(_ text: String, _ value: (CivilText) -> Int64?) -> Int64? {
        switch text {
        case "-infinity": .min
        case "infinity": .max
        default: CivilText(text).flatMap(value)
        }
    }
}
