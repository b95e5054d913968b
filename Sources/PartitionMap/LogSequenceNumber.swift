// SPDX-License-Identifier: Apache-2.0
// Part of partition-cli. See LICENSE and CONTRIBUTING.md.

/// A position in PostgreSQL's write-ahead log.
public struct LogSequenceNumber: Sendable, Hashable, Comparable, CustomStringConvertible {
    /// Bytes since the log's beginning.
    public let rawValue: UInt64

    public init(rawValue: UInt64) {
        self.rawValue = rawValue
    }

    /// Reads the form that PostgreSQL prints, `16/B374D848`.
    ///
    /// - Throws: ``PartitionMapError/Code/malformed``.
    public init(parsing text: String) throws(PartitionMapError) {
        let halves = text.split(separator: "/", omittingEmptySubsequences: false)
        guard halves.count == 2, let high = Self.half(halves[0]), let low = Self.half(halves[1]) else {
            throw PartitionMapError(.malformed, "not a log sequence number")
        }
        rawValue = UInt64(high) << 32 | UInt64(low)
    }

    private static func half(_ digits: Substring) -> UInt32? {
        // UInt32's own parser would take a sign.
        guard digits.utf8.allSatisfy({ Character(Unicode.Scalar($0)).isHexDigit }) else { return nil }
        return UInt32(digits, radix: 16)
    }

    public var description: String {
        "\(String(rawValue >> 32, radix: 16, uppercase: true))/\(String(rawValue & 0xFFFF_FFFF, radix: 16, uppercase: true))"
    }

    public static func < (left: Self, right: Self) -> Bool { left.rawValue < right.rawValue }
}
