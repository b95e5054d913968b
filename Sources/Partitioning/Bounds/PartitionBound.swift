// SPDX-License-Identifier: Apache-2.0
// Part of partition-cli. See LICENSE and CONTRIBUTING.md.

/// The bound of a partition: which keys belong to it.
package enum PartitionBound: Hashable, Codable, Sendable {
    case `default`
    /// One value per key column on each side; `lower` is inclusive, `upper` exclusive.
    case range(lower: [BoundDatum], upper: [BoundDatum])
    case list([BoundDatum])
    case hash(modulus: Int, remainder: Int)

    /// The coordinates that a range over a single column covers.
    ///
    /// - Throws: ``BoundError`` with code `unsupported` for any other bound, and what `codec` throws.
    package func keyRange(_ codec: CoordinateCodec) throws(BoundError) -> KeyRange {
        guard case .range(let lower, let upper) = self, lower.count == 1, upper.count == 1 else {
            throw BoundError(.unsupported, "\(self) is not a range over one column")
        }
        return KeyRange(lower: try Self.coordinate(lower[0], codec), upper: try Self.coordinate(upper[0], codec))
    }

    private static func coordinate(_ datum: BoundDatum, _ codec: CoordinateCodec) throws(BoundError) -> Int64 {
        switch datum {
        case .minValue: .min
        case .maxValue: .max
        case .null: throw BoundError(.malformed, "a range has no NULL")
        case .literal(let text): try codec.coordinate(text)
        }
    }
}

extension PartitionBound: CustomStringConvertible {
    /// As in `CREATE TABLE … PARTITION OF`, for people. SQL that is sent to a server is quoted elsewhere.
    package var description: String {
        switch self {
        case .default: "DEFAULT"
        case .range(let lower, let upper): "FOR VALUES FROM \(Self.row(lower)) TO \(Self.row(upper))"
        case .list(let values): "FOR VALUES IN \(Self.row(values))"
        case .hash(let modulus, let remainder): "FOR VALUES WITH (modulus \(modulus), remainder \(remainder))"
        }
    }

    private static func row(_ data: [BoundDatum]) -> String {
        "(" + data.map(\.description).joined(separator: ", ") + ")"
    }
}
