// SPDX-License-Identifier: Apache-2.0
// Part of partition-cli. See LICENSE and CONTRIBUTING.md.

import Partitioning

extension PolicyReading {
    mutating func tables(_ node: YAMLNode, defaults: PolicySettings) -> [PolicyTable] {
        guard let entries = mapping(node, called: "tables") else { return [] }
        var tables: [PolicyTable] = []
        var lines: [RelationName: Int] = [:]
        for entry in entries {
            guard let name = tableName(entry) else { continue }
            if let line = lines[name] {
                report(entry.position, "the table \(name) is here a second time; the first one is in line \(line)")
                continue
            }
            lines[name] = entry.position.line
            if let table = table(name, entry, defaults: defaults) { tables.append(table) }
        }
        checkSharedNames(tables)
        return tables
    }

    private mutating func tableName(_ entry: YAMLEntry) -> RelationName? {
        do {
            return try RelationName(policyKey: entry.key)
        } catch {
            report(entry.position, error)
            return nil
        }
    }

    private mutating func table(_ name: RelationName, _ entry: YAMLEntry, defaults: PolicySettings) -> PolicyTable? {
        let path: PolicyPath = ["tables", name.description]
        note(path, at: entry.position)
        guard
            let section = section(
                entry.value,
                .table,
                called: "the table \(name)",
                path: path,
                position: entry.position
            )
        else { return nil }
        let table = PolicyTable(
            name: name,
            levels: levels(section),
            names: value("name", of: section),
            defaultPartition: value("default", of: section),
            drain: value("drain", of: section),
            adopt: value("adopt", of: section),
            retention: retention(section, of: name),
            settings: settings(section)
        )
        checkNames(table, in: section)
        checkEmergency(table.settings, inherited: defaults, in: section)
        return table
    }

    /// A pattern must give every partition a name of its own.
    private mutating func checkNames(_ table: PolicyTable, in section: PolicySection) {
        guard let names = table.names, case .range(let level)? = table.levels.first, table.levels.count == 1 else {
            return
        }
        do {
            try names.validate(for: level.period)
        } catch {
            report(section.position(of: "name"), error.message)
        }
    }

    /// Two tables of one schema whose patterns do without `{table}` want the same names.
    private mutating func checkSharedNames(_ tables: [PolicyTable]) {
        var owners: [RelationName: RelationName] = [:]
        for table in tables {
            guard let names = table.names, !names.namesTable else { continue }
            let shared = RelationName(schema: table.name.schema, name: names.description)
            if let other = owners.updateValue(table.name, forKey: shared) {
                let path: PolicyPath = ["tables", table.name.description, "name"]
                report(
                    positions[path] ?? SourcePosition(line: 1, column: 1),
                    "the name pattern without {table} is also that of \(other), in the same schema: partitions of both would "
                        + "have the same names"
                )
            }
        }
    }
}

extension NamePattern: PolicyValue {
    init(policy scalar: YAMLScalar) throws(PolicyValueError) {
        guard scalar.kind == .string else {
            throw PolicyValueError("\(Quoted(scalar.text)) is not a name pattern, such as \"{table}_{yyyy}_{mm}\"")
        }
        do {
            try self.init(parsing: scalar.text)
        } catch {
            throw PolicyValueError(error.message)
        }
    }

    /// Whether the table's name is part of the names.
    fileprivate var namesTable: Bool {
        let lower = CivilDateTime(microseconds: 0)
        return name(table: "a", lower: lower) != name(table: "b", lower: lower)
    }
}

extension DefaultPartitionRule: PolicyKeyword {
    static let synonyms: [String: DefaultPartitionRule] = [
        "no": .none, "off": .none, "false": .none, "yes": .create, "on": .create, "true": .create,
    ]
}

extension DrainRule: PolicyKeyword {
    static let synonyms: [String: DrainRule] = [
        "no": .off, "false": .off, "none": .off, "yes": .auto, "on": .auto, "true": .auto,
    ]
}
