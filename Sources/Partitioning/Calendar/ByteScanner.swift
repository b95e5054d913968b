// SPDX-License-Identifier: Apache-2.0
// Part of partition-cli. See LICENSE and CONTRIBUTING.md.

/// Reads text byte by byte from the left. Every step says whether it matched and moves only if it did.
struct ByteScanner {
    private let bytes: [UInt8]
    private(set) var position = 0

    init(_ text: String) {
        bytes = Array(text.utf8)
    }

    var isAtEnd: Bool { position == bytes.count }
    var next: UInt8? { position < bytes.count ? bytes[position] : nil }

    mutating func skip() {
        if !isAtEnd { position += 1 }
    }

    mutating func take() -> UInt8? {
        guard let byte = next else { return nil }
        position += 1
        return byte
    }

    mutating func take(_ word: StaticString) -> Bool {
        word.withUTF8Buffer { word in
            guard bytes[position...].starts(with: word) else { return false }
            position += word.count
            return true
        }
    }

    /// Takes as many bytes as satisfy `condition`, perhaps none.
    mutating func take(while condition: (UInt8) -> Bool) -> ArraySlice<UInt8> {
        let start = position
        while let byte = next, condition(byte) { position += 1 }
        return bytes[start..<position]
    }

    /// Takes a run of decimal digits whose length is in `count`.
    ///
    /// - Returns: `nil`, without moving, if the run is shorter or longer. `count` never goes beyond 18 digits, so
    ///   nothing overflows.
    mutating func digits(_ count: ClosedRange<Int>) -> (value: Int, count: Int)? {
        var end = position
        var value = 0
        while end < bytes.count, end - position < count.upperBound, Self.isDigit(bytes[end]) {
            value = value * 10 + Int(bytes[end] - UInt8(ascii: "0"))
            end += 1
        }
        let length = end - position
        guard length >= count.lowerBound, end == bytes.count || !Self.isDigit(bytes[end]) else { return nil }
        position = end
        return (value, length)
    }

    static func isDigit(_ byte: UInt8) -> Bool {
        (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte)
    }
}
