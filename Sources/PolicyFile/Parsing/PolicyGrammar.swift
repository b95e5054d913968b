// SPDX-License-Identifier: Apache-2.0
// Part of partition-cli. See LICENSE and CONTRIBUTING.md.

import Partitioning

/// The keys of a policy file.
enum PolicyGrammar {
    /// A mapping of the file, as messages call it.
    enum Section: String, CaseIterable {
        case document = "the file"
        case defaults
        case quota
        case table = "a table"
        case level = "a level"
        case values
        case retain

        /// In the order in which they are written and offered.
        var keys: [String] {
            switch self {
            case .document: ["database", "registry", "defaults", "tables"]
            case .defaults: ["buffer", "window", "emergency", "timezone", "quota"]
            case .quota: ["threshold", "capacity"]
            case .table:
                ["by", "name", "default", "drain", "adopt", "retain"] + Section.defaults.keys
            case .level: ["range", "every", "anchor", "start", "list", "values", "hash", "modulus"]
            case .values: ["query"]
            case .retain: ["for", "then", "grace", "schema", "to", "drop"]
            }
        }

        /// Where the section is found, for a key that belongs there and stands elsewhere.
        var place: String {
            switch self {
            case .document: "the outermost level of the file"
            case .table: "a table"
            case .level: "a table's \"by\""
            case .defaults, .quota, .values, .retain: "\"\(rawValue)\""
            }
        }
    }

    /// What is wrong with a key that `section` doesn't have.
    static func unknownKey(_ key: String, in section: Section, called label: String) -> PolicyValueError {
        if key == "<<" {
            return PolicyValueError("YAML 1.2 has no merge keys: write the keys out, or put them in defaults")
        }
        let message = "unknown key \(Quoted(key)) in \(label)"
        if let near = NearestWord.to(key, among: section.keys) { return PolicyValueError(message, suggestion: near) }
        guard let other = Section.allCases.first(where: { $0.keys.contains(key) }) else {
            return PolicyValueError("\(message), which has \(section.keys.joined(separator: ", "))")
        }
        return PolicyValueError("\(message): it belongs in \(other.place)")
    }
}
