// SPDX-License-Identifier: Apache-2.0
// Part of partition-cli. See LICENSE and CONTRIBUTING.md.

import LibPQ
import Partitioning

extension PropertyRepair {
    /// Storage parameters of the table and of its TOAST table.
    func options() -> [Statement] {
        (Self.options(from: actual.options, to: expected.options, prefix: nil)
            + Self.options(from: actual.toastOptions, to: expected.toastOptions, prefix: "toast"))
            .map { "ALTER TABLE \(name) \(fragment: $0)" }
    }

    /// `SET (…)` for what is to be, `RESET (…)` for what isn't; options are texts `name=value`, as the catalog keeps them.
    static func options(from actual: [String], to expected: [String], prefix: String?) -> [Statement] {
        let namespace: Statement = prefix.map { "\(identifier: $0)." } ?? ""
        let wanted = Set(expected.map { split($0).key })
        let resets: [Statement] = actual.map { split($0).key }.filter { !wanted.contains($0) }.map { key in
            "RESET (\(fragment: namespace)\(identifier: key))"
        }
        let settings: [Statement] = expected.filter { !actual.contains($0) }.map { option in
            let (key, value) = split(option)
            return "SET (\(fragment: namespace)\(identifier: key) = \(literal: value))"
        }
        return resets + settings
    }

    private static func split(_ option: String) -> (key: String, value: String) {
        guard let sign = option.firstIndex(of: "=") else { return (option, "true") }
        return (String(option[..<sign]), String(option[option.index(after: sign)...]))
    }

    func replicaIdentity() -> [Statement] {
        guard actual.replicaIdentity != expected.replicaIdentity else { return [] }
        switch expected.replicaIdentity {
        case .primaryKey: return ["ALTER TABLE \(name) REPLICA IDENTITY DEFAULT"]
        case .nothing: return ["ALTER TABLE \(name) REPLICA IDENTITY NOTHING"]
        case .full: return ["ALTER TABLE \(name) REPLICA IDENTITY FULL"]
        case .index(let parentIndex):
            guard let index = expected.indexes.child(of: parentIndex),
                let own = actual.index(like: index)
            else { return [] }
            return ["ALTER TABLE \(name) REPLICA IDENTITY USING INDEX \(identifier: own.name)"]
        }
    }
}

extension Statement {
    /// The keyword of a column's storage, by `pg_attribute.attstorage`; nil for one this version doesn't know.
    init?(storage: String) {
        switch storage {
        case "p": self = "PLAIN"
        case "e": self = "EXTERNAL"
        case "m": self = "MAIN"
        case "x": self = "EXTENDED"
        default: return nil
        }
    }
}
