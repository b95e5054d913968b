// SPDX-License-Identifier: Apache-2.0
// Part of partition-cli. See LICENSE and CONTRIBUTING.md.

/// One column of a key that is looked up.
public enum KeyValue: Sendable, Hashable, ExpressibleByStringLiteral, ExpressibleByIntegerLiteral {
    /// SQL's NULL: only a list partition that names it, or a default partition, holds it.
    case null
    /// An integer itself; for a time microseconds since 1970: of UTC for an instant, of the civil time for a timestamp and
    /// for the midnight of a date. `Int64.min` and `Int64.max` are a time's `-infinity` and `infinity`.
    case coordinate(Int64)
    /// A value as text: of a list as PostgreSQL prints it, of a time in ISO 8601, of an integer in decimal digits.
    case text(String)

    public init(stringLiteral value: String) { self = .text(value) }
    public init(integerLiteral value: Int64) { self = .coordinate(value) }
}
