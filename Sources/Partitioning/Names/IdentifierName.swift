// SPDX-License-Identifier: Apache-2.0
// Part of partition-cli. See LICENSE and CONTRIBUTING.md.

/// Names that fit PostgreSQL's identifiers: at most 63 bytes of UTF-8 (`NAMEDATALEN` - 1).
///
/// PostgreSQL itself cuts a longer name silently, and two tables with the same 63 bytes in front then want the same
/// partitions.
package enum IdentifierName {
    package static let maximumBytes = 63

    /// `_` and the eight hexadecimal digits that replace what is cut off.
    private static let hashBytes = 9

    /// `name` if it fits. Otherwise its beginning, `_`, eight hexadecimal digits that stand for what was cut, and
    /// `suffixKept`.
    ///
    /// The digits come from the part before the suffix, so all partitions of one table share their beginning. The cut
    /// is made between Unicode scalars, as PostgreSQL's own is, never inside one.
    ///
    /// - Parameter suffixKept: The end of `name` that must survive, such as `_2026_06`. If it isn't the end of `name`,
    ///   or leaves no room for anything else, it is not treated differently from the rest.
    package static func truncated(_ name: String, suffixKept: String) -> String {
        guard !fits(name) else { return name }
        let suffix = Array(suffixKept.utf8)
        let bytes = Array(name.utf8)
        let room = maximumBytes - suffix.count
        guard room > hashBytes, bytes.count > suffix.count, bytes.suffix(suffix.count).elementsEqual(suffix),
            let stem = String(validating: bytes.dropLast(suffix.count), as: UTF8.self)
        else { return shortened(name, toBytes: maximumBytes) }
        return shortened(stem, toBytes: room) + suffixKept
    }

    /// Another name for the same thing, where `name` is taken.
    ///
    /// - Parameter attempt: 0 is `name` itself, cut if it is too long; from 1 on `_alt1`, `_alt2`… is added.
    package static func disambiguated(_ name: String, attempt: Int) -> String {
        guard attempt > 0 else { return truncated(name, suffixKept: "") }
        let suffix = "_alt\(attempt)"
        return truncated(name + suffix, suffixKept: suffix)
    }

    /// The name that ``disambiguated(_:attempt:)`` began with, as far as it wasn't cut.
    package static func withoutAlternative(_ name: String) -> String {
        let bytes = Array(name.utf8)
        let digits = bytes.reversed().prefix(while: ByteScanner.isDigit).count
        let mark = Array("_alt".utf8)
        let stem = bytes.dropLast(digits)
        guard digits > 0, stem.count > mark.count, stem.suffix(mark.count).elementsEqual(mark) else { return name }
        return String(decoding: stem.dropLast(mark.count), as: UTF8.self)
    }

    /// Whether PostgreSQL can take `name` as it is: not empty, at most 63 bytes, no NUL.
    package static func fits(_ name: String) -> Bool {
        (1...maximumBytes).contains(name.utf8.count) && !name.utf8.contains(0)
    }

    /// FNV-1a over the UTF-8 bytes, 64 bits: the same on every machine and in every version, unlike `Hasher`.
    package static func hash(_ text: String) -> UInt64 {
        text.utf8.reduce(0xCBF2_9CE4_8422_2325) { ($0 ^ UInt64($1)) &* 0x0000_0100_0000_01B3 }
    }

    /// `text` in at most `limit` bytes, its end replaced by a hash of the whole if it is longer. `limit` is more than
    /// nine.
    static func shortened(_ text: String, toBytes limit: Int) -> String {
        guard text.utf8.count > limit else { return text }
        var kept = ""
        var count = 0
        for scalar in text.unicodeScalars {
            count += scalar.utf8.count
            guard count <= limit - hashBytes else { break }
            kept.unicodeScalars.append(scalar)
        }
        // Both halves of the hash in 32 bits.
        let hash = hash(text)
        let digits = String(UInt32(truncatingIfNeeded: hash ^ (hash >> 32)), radix: 16)
        return kept + "_" + String(repeating: "0", count: 8 - digits.utf8.count) + digits
    }
}
