// SPDX-License-Identifier: Apache-2.0
// Part of partition-cli. See LICENSE and CONTRIBUTING.md.

import Partitioning

extension PolicyLines {
    mutating func table(_ table: PolicyTable) {
        let path: PolicyPath = ["tables", table.name.description]
        open(table.name.description, at: ["tables"], nil)
        levels(table.levels, at: path)
        if let names = table.names {
            // Any date will do for an example; this one has a two-digit day.
            let example = CivilDate(year: 2026, month: 11, day: 16).map { date in
                names.name(table: table.name.name, lower: CivilDateTime(midnightOf: date))
            }
            value(
                "name",
                YAMLText.quoted(names.description),
                at: path,
                "How partitions are named" + (example.map { ": such as \($0)." } ?? ".")
            )
        }
        if let rule = table.defaultPartition { value("default", rule.rawValue, at: path, Self.explanation(rule)) }
        if let drain = table.drain {
            value(
                "drain",
                drain.rawValue,
                at: path,
                drain == .auto
                    ? "Rows in the default partition are moved to partitions of their own."
                    : "Rows in the default partition stay there."
            )
        }
        if let adopt = table.adopt {
            value(
                "adopt",
                "\(adopt)",
                at: path,
                adopt
                    ? "Partitions made by other hands count as ours: retention may retire them."
                    : "Partitions made by other hands are left to them."
            )
        }
        if let retention = table.retention { retain(retention, at: path) }
        settings(table.settings, at: path)
        close()
    }

    private static func explanation(_ rule: DefaultPartitionRule) -> String {
        switch rule {
        case .keep: "A default partition stays if there is one; none is made."
        case .create: "A default partition is made if there is none."
        case .none: "There should be no default partition; one that is there is reported."
        }
    }

    private mutating func levels(_ levels: [PolicyLevel], at path: PolicyPath) {
        if levels.count == 1, let level = levels.first {
            value("by", Self.mapping(level), at: path, Self.explanation(level))
            return
        }
        open("by", at: path, "Partitions of partitions, from the outermost inwards.")
        for (index, level) in levels.enumerated() {
            element(Self.mapping(level), at: path / "by" / "\(index)", Self.explanation(level))
        }
        close()
    }

    private static func explanation(_ level: PolicyLevel) -> String {
        switch level {
        case .range(let range): "One partition every \(range.period) of \(range.column)."
        case .list(let list): "One partition for each value of \(list.column)."
        case .hash(let hash): "\(hash.modulus) partitions by a hash of \(hash.column)."
        }
    }

    private static func mapping(_ level: PolicyLevel) -> String {
        var pairs: [(key: String, value: String)] = []
        switch level {
        case .range(let range):
            pairs.append(("range", YAMLText.scalar(range.column.text)))
            pairs.append(("every", every(range.period)))
            if let anchor = range.anchor {
                pairs.append(("anchor", Anchor.text(anchor)))
            }
            if range.period.weekStart != 1, let start = Weekday(number: range.period.weekStart) {
                pairs.append(("start", start.rawValue))
            }
        case .list(let list):
            pairs.append(("list", YAMLText.scalar(list.column.text)))
            switch list.values {
            case .literal(let values):
                let texts = values.map { $0.map(YAMLText.scalar) ?? "null" }
                pairs.append(("values", "[\(texts.joined(separator: ", "))]"))
            case .query(let query): pairs.append(("values", "{ query: \(YAMLText.quoted(query)) }"))
            }
        case .hash(let hash):
            pairs.append(("hash", YAMLText.scalar(hash.column.text)))
            pairs.append(("modulus", "\(hash.modulus)"))
        }
        return "{ \(pairs.map { "\($0.key): \($0.value)" }.joined(separator: ", ")) }"
    }

    private static func every(_ period: Period) -> String {
        period.count == 1 ? period.unit.rawValue : "\(period.count) \(period.unit.rawValue)s"
    }

    private mutating func retain(_ rule: RetentionRule, at path: PolicyPath) {
        open("retain", at: path, "What becomes of old partitions.")
        let path = path / "retain"
        if let after = rule.after {
            value("for", after.description, at: path, "How long a partition is kept, from its upper bound on.")
        }
        value("then", Self.word(rule.action), at: path, "keep, detach, move, archive or drop.")
        if let grace = rule.grace {
            value("grace", grace.description, at: path, "How long a partition is left alone after it was detached.")
        }
        switch rule.action {
        case .move(let schema):
            value("schema", YAMLText.scalar(schema.text), at: path, "Where partitions are moved to.")
        case .archive(let target, let drop):
            value("to", YAMLText.quoted(target), at: path, "Where partitions are written to.")
            if drop { value("drop", "true", at: path, "A partition that has been written is dropped.") }
        case .keep, .detach, .drop: break
        }
        close()
    }

    private static func word(_ action: RetentionRule.Action) -> String {
        switch action {
        case .keep: "keep"
        case .detach: "detach"
        case .move: "move"
        case .archive: "archive"
        case .drop: "drop"
        }
    }
}
