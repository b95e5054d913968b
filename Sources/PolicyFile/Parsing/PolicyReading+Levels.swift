// SPDX-License-Identifier: Apache-2.0
// Part of partition-cli. See LICENSE and CONTRIBUTING.md.

import Partitioning

extension PolicyReading {
    /// The levels of a table's `by`: a mapping is one, a list is any number.
    mutating func levels(_ table: PolicySection) -> [PolicyLevel] {
        guard let by = table.entries["by"] else {
            report(
                table.position,
                "\(table.label) has no \"by\": say how it is partitioned, such as { range: created_at, every: month }"
            )
            return []
        }
        let path = table.path / "by"
        guard case .sequence(let nodes) = by.value.content else {
            return [level(by.value, path: path / "0", position: by.position)].compactMap(\.self)
        }
        if nodes.isEmpty { report(by.value.position, "\"by\" has nothing in it") }
        let levels = nodes.enumerated().map { index, node in
            note(path / "\(index)", at: node.position)
            return level(node, path: path / "\(index)", position: node.position)
        }
        checkNesting(levels, path: path)
        return levels.compactMap(\.self)
    }

    private mutating func level(_ node: YAMLNode, path: PolicyPath, position: SourcePosition) -> PolicyLevel? {
        guard let section = section(node, .level, called: "a level of \"by\"", path: path, position: position) else {
            return nil
        }
        let kinds = ["range", "list", "hash"].filter(section.has)
        guard let kind = kinds.first, kinds.count == 1 else {
            report(
                kinds.map(section.position).max() ?? position,
                kinds.isEmpty
                    ? "a level needs one of range, list and hash, with the column of the partition key"
                    : "a level has only one of range, list and hash: write several levels as a list"
            )
            return nil
        }
        let column: CatalogName? = value(kind, of: section)
        let own = ["range": ["every", "anchor", "start"], "list": ["values"], "hash": ["modulus"]]
        for (other, keys) in own where other != kind {
            for key in keys where section.has(key) {
                report(
                    section.position(of: key),
                    "\"\(key)\" belongs to a level by \(other), and this one is by \(kind)"
                )
            }
        }
        switch kind {
        case "range": return range(section, column: column)
        case "list": return list(section, column: column)
        default: return hash(section, column: column)
        }
    }

    private mutating func range(_ section: PolicySection, column: CatalogName?) -> PolicyLevel? {
        guard section.has("every") else {
            report(section.position, "a level by range needs \"every\": how much time a partition holds, such as month")
            return nil
        }
        let period: Period? = value("every", of: section)
        let start: Weekday? = value("start", of: section)
        let anchor: Anchor? = value("anchor", of: section)
        guard let column, let period, let week = starting(period, start, in: section) else { return nil }
        if let anchor { checkAnchor(anchor.time, week, in: section) }
        return .range(RangeLevel(column: column, period: week, anchor: anchor?.time))
    }

    private mutating func starting(_ period: Period, _ start: Weekday?, in section: PolicySection) -> Period? {
        guard let start else { return period }
        guard period.unit == .week else {
            report(
                section.position(of: "start"),
                "\"start\" is the day that weeks begin on, and this level has one partition every \(period)"
            )
            return nil
        }
        return Period(count: period.count, unit: .week, weekStart: start.number)
    }

    /// An anchor that isn't a boundary of the period contradicts it.
    private mutating func checkAnchor(_ anchor: CivilDateTime, _ period: Period, in section: PolicySection) {
        let date = anchor.date
        switch period.unit {
        case .week where date.weekday != period.weekStart:
            let day = Weekday(number: date.weekday)?.rawValue ?? ""
            let start = Weekday(number: period.weekStart)?.rawValue ?? ""
            report(
                section.position(of: "anchor"),
                "the anchor \(Anchor.text(anchor)) is a \(day), and weeks begin on \(start) here: add \"start: \(day)\", or take "
                    + "another anchor"
            )
        case .quarter where date.day != 1 || date.month % 3 != 1:
            report(
                section.position(of: "anchor"),
                "the anchor \(Anchor.text(anchor)) isn't the first day of a quarter: write \"every: \(3 * period.count) months\" "
                    + "for three months that begin elsewhere"
            )
        default: break
        }
    }

    private mutating func hash(_ section: PolicySection, column: CatalogName?) -> PolicyLevel? {
        guard section.has("modulus") else {
            report(section.position, "a level by hash needs \"modulus\": the number of its partitions")
            return nil
        }
        let modulus: Modulus? = value("modulus", of: section)
        guard let column, let modulus else { return nil }
        return .hash(HashLevel(column: column, modulus: modulus.value))
    }

    private mutating func list(_ section: PolicySection, column: CatalogName?) -> PolicyLevel? {
        guard let values = section.entries["values"] else {
            report(section.position, "a level by list needs \"values\": a list of them, or { query: … }")
            return nil
        }
        let read = listValues(values, path: section.path / "values")
        guard let column, let read else { return nil }
        return .list(ListLevel(column: column, values: read))
    }

    private mutating func listValues(_ entry: YAMLEntry, path: PolicyPath) -> ListLevel.Values? {
        switch entry.value.content {
        case .scalar:
            report(entry.value.position, "\"values\" must be a list of values, or { query: … }")
            return nil
        case .mapping:
            guard let section = section(entry.value, .values, called: "values", path: path, position: entry.position)
            else { return nil }
            guard section.has("query") else {
                // Whatever else stands there has been reported.
                return nil
            }
            let query: QueryText? = value("query", of: section)
            return query.map { .query($0.text) }
        case .sequence(let nodes):
            guard !nodes.isEmpty else {
                report(entry.value.position, "\"values\" has nothing in it")
                return nil
            }
            return literals(nodes).map { .literal($0) }
        }
    }

    private mutating func literals(_ nodes: [YAMLNode]) -> [ListLevel.Value]? {
        var values: [ListLevel.Value] = []
        var seen: Set<[UInt8]?> = []
        for node in nodes {
            guard case .scalar(let scalar) = node.content else {
                report(node.position, "a value must be a single one, not a list or a mapping")
                continue
            }
            var value: ListLevel.Value = nil
            if scalar.kind != .null {
                guard let literal: ListLiteral = self.value(node, of: "values") else { continue }
                value = literal.text
            }
            if !seen.insert(value.map { Array($0.utf8) }).inserted {
                report(node.position, "the value \(value.map { "\(Quoted($0))" } ?? "null") is here a second time")
            }
            values.append(value)
        }
        return values.count == nodes.count ? values : nil
    }

    /// A level inside another by the same column must cut finer.
    private mutating func checkNesting(_ levels: [PolicyLevel?], path: PolicyPath) {
        for (outerIndex, outerLevel) in levels.enumerated() {
            guard case .range(let outer)? = outerLevel else { continue }
            for (index, level) in levels.enumerated().dropFirst(outerIndex + 1) {
                guard case .range(let inner)? = level, inner.column == outer.column,
                    inner.period.approximateMicroseconds >= outer.period.approximateMicroseconds
                else { continue }
                report(
                    positions[path / "\(index)" / "every"] ?? SourcePosition(line: 1, column: 1),
                    "one partition every \(inner.period) can't lie inside one every \(outer.period) by the same column"
                )
            }
        }
    }
}
