// SPDX-License-Identifier: Apache-2.0
// Part of partition-cli. See LICENSE and CONTRIBUTING.md.

/// One value of a partition bound.
///
/// Two literals are equal if their bytes are: to PostgreSQL a composed and a decomposed `é` are different values.
package enum BoundDatum: Codable, Sendable {
    /// Below every value of a range key, and below `-infinity`.
    case minValue
    /// Above every value of a range key, and above `infinity`.
    case maxValue
    /// NULL, in a list only.
    case null
    /// The text of a constant without its quotes; for a boolean `true` or `false`.
    case literal(String)
}

extension BoundDatum: Hashable {
    package static func == (left: BoundDatum, right: BoundDatum) -> Bool {
        switch (left, right) {
        case (.minValue, .minValue), (.maxValue, .maxValue), (.null, .null): true
        case (.literal(let left), .literal(let right)): left.utf8.elementsEqual(right.utf8)
        default: false
        }
    }

    package func hash(into hasher: inout Hasher) {
        switch self {
        case .minValue: hasher.combine(0)
        case .maxValue: hasher.combine(1)
        case .null: hasher.combine(2)
        case .literal(let text):
            hasher.combine(3)
            for byte in text.utf8 { hasher.combine(byte) }
            hasher.combine(0xFF as UInt8)
        }
    }
}

extension BoundDatum: CustomStringConvertible {
    /// As in `FOR VALUES`, every constant quoted.
    package var description: String {
        switch self {
        case .minValue: "MINVALUE"
        case .maxValue: "MAXVALUE"
        case .null: "NULL"
        case .literal(let text):
            "'" + text.unicodeScalars.reduce(into: "") { $0 += $1 == "'" ? "''" : String($1) } + "'"
        }
    }
}
