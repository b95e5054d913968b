// SPDX-License-Identifier: Apache-2.0
// Part of partition-cli. See LICENSE and CONTRIBUTING.md.

/// The type of a partition key column, as far as it matters for its bounds.
package enum KeyType: Hashable, Codable, Sendable {
    case date, timestamp, timestamptz, int2, int4, int8
    /// A type whose bounds are read and left alone, by its name.
    case other(String)

    /// - Parameter typeName: As PostgreSQL's `format_type` prints it, or the short name; a precision such as `(3)` is
    ///   left out.
    package init(typeName: String) {
        switch Self.withoutModifier(typeName) {
        case "date": self = .date
        case "timestamp without time zone", "timestamp": self = .timestamp
        case "timestamp with time zone", "timestamptz": self = .timestamptz
        case "smallint", "int2": self = .int2
        case "integer", "int4": self = .int4
        case "bigint", "int8": self = .int8
        default: self = .other(typeName)
        }
    }

    package var isTemporal: Bool {
        switch self {
        case .date, .timestamp, .timestamptz: true
        case .int2, .int4, .int8, .other: false
        }
    }

    private static func withoutModifier(_ name: String) -> String {
        guard let open = name.firstIndex(of: "("), let close = name[open...].firstIndex(of: ")") else { return name }
        return String(name[..<open] + name[name.index(after: close)...])
    }
}
