// SPDX-License-Identifier: Apache-2.0
// Part of partition-cli. See LICENSE and CONTRIBUTING.md.

import Partitioning

/// An amount of storage: `2 TiB`, `500 GB`.
package struct ByteSize: Hashable, Sendable {
    /// 1 or more.
    package let bytes: Int64

    /// - Returns: nil unless `bytes` is positive.
    package init?(bytes: Int64) {
        guard bytes > 0 else { return nil }
        self.bytes = bytes
    }

    private static let units: [(name: String, bytes: Int64)] = [
        ("B", 1),
        ("KiB", 1 << 10), ("MiB", 1 << 20), ("GiB", 1 << 30), ("TiB", 1 << 40), ("PiB", 1 << 50),
        ("kB", 1_000), ("MB", 1_000_000), ("GB", 1_000_000_000), ("TB", 1_000_000_000_000),
        ("PB", 1_000_000_000_000_000),
    ]
}

extension ByteSize: CustomStringConvertible {
    /// In the unit that gives the smallest whole number: ``init(parsing:)`` reads it back.
    package var description: String {
        let whole = Self.units.filter { bytes.isMultiple(of: $0.bytes) }
        let unit = whole.max { $0.bytes < $1.bytes } ?? ("B", 1)
        return "\(bytes / unit.bytes) \(unit.name)"
    }
}

extension ByteSize: PolicyValue {
    init(policy scalar: YAMLScalar) throws(PolicyValueError) {
        try self.init(parsing: scalar.text)
    }

    package init(parsing text: String) throws(PolicyValueError) {
        let parts = CountAndWord(text)
        guard !parts.number.isEmpty else {
            throw PolicyValueError("\(Quoted(text)) is not a size, which is a number and a unit: 2 TiB, 500 GB")
        }
        guard !parts.word.isEmpty else {
            throw PolicyValueError("\(Quoted(text)) has no unit", suggestion: "\(parts.number) GiB")
        }
        guard let unit = Self.units.first(where: { $0.name == parts.word }), parts.spaces <= 1 else {
            let meant = Self.unit(like: parts.word).map { "\(parts.number) \($0)" }
            throw PolicyValueError(
                "\(Quoted(text)) is not a size: the units are B, KiB, MiB, GiB, TiB, PiB (1024 each) and kB, MB, GB, TB, PB "
                    + "(1000 each)",
                suggestion: meant
            )
        }
        let digits = parts.number.split(separator: ".", omittingEmptySubsequences: false)
        guard (1...2).contains(digits.count), let first = digits[0].utf8.first, first != UInt8(ascii: "0"),
            digits[0].utf8.count <= 19, digits.count == 1 || (1...3).contains(digits[1].utf8.count)
        else {
            throw PolicyValueError(
                "\(Quoted(text)) is not a size: write a number from 1 up, with three digits after the point at most"
            )
        }
        let fraction = digits.count == 2 ? String(digits[1]) : ""
        let zeros = String(repeating: "0", count: 3 - fraction.count)
        let thousandths = Int128("\(digits[0])\(fraction)\(zeros)") ?? 0
        let product = thousandths * Int128(unit.bytes)
        guard product % 1000 == 0 else {
            throw PolicyValueError("\(Quoted(text)) is no whole number of bytes: use a smaller unit")
        }
        guard let bytes = Int64(exactly: product / 1000) else {
            throw PolicyValueError("\(Quoted(text)) is more than PostgreSQL can count in bytes")
        }
        self.bytes = bytes
    }

    /// By its letters in any case, then `T` for `TiB`.
    private static func unit(like word: String) -> String? {
        let word = word.lowercased()
        let names = units.map(\.name)
        return names.first { $0.lowercased() == word } ?? names.first { $0.lowercased() == word + "ib" }
            ?? NearestWord.to(word, among: names)
    }
}
