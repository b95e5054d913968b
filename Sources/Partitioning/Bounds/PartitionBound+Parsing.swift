// SPDX-License-Identifier: Apache-2.0
// Part of partition-cli. See LICENSE and CONTRIBUTING.md.

extension PartitionBound {
    /// Reads what `pg_get_expr(relpartbound, oid)` prints (`get_range_partbound_string` and `get_const_expr` in
    /// `src/backend/utils/adt/ruleutils.c`), under `standard_conforming_strings = on`.
    ///
    /// - Throws: ``BoundError`` with code `malformed` for every other text, whatever it holds.
    package init(parsing text: String) throws(BoundError) {
        var parser = BoundParser(text)
        self = try parser.bound()
    }
}

/// A recursive-descent parser without recursion: bounds don't nest.
private struct BoundParser {
    private let text: String
    private var scanner: ByteScanner

    init(_ text: String) {
        self.text = text
        scanner = ByteScanner(text)
    }

    mutating func bound() throws(BoundError) -> PartitionBound {
        skipSpace()
        let bound = try form()
        skipSpace()
        guard scanner.isAtEnd else { throw malformed("nothing more") }
        return bound
    }

    private mutating func form() throws(BoundError) -> PartitionBound {
        if keyword("DEFAULT") { return .default }
        guard keyword("FOR"), keyword("VALUES") else { throw malformed("DEFAULT or FOR VALUES") }
        if keyword("FROM") {
            let lower = try row(.range)
            guard keyword("TO") else { throw malformed("TO") }
            let upper = try row(.range)
            guard lower.count == upper.count else { throw malformed("as many values after TO as after FROM") }
            return .range(lower: lower, upper: upper)
        }
        if keyword("IN") { return .list(try row(.list)) }
        guard keyword("WITH") else { throw malformed("FROM, IN or WITH") }
        return try hash()
    }

    private mutating func hash() throws(BoundError) -> PartitionBound {
        guard symbol("("), keyword("modulus"), let modulus = integer(), symbol(","), keyword("remainder"),
            let remainder = integer(), symbol(")"), modulus > 0, remainder < modulus
        else { throw malformed("(modulus m, remainder r) with r below m") }
        return .hash(modulus: modulus, remainder: remainder)
    }

    private enum Kind { case range, list }

    private mutating func row(_ kind: Kind) throws(BoundError) -> [BoundDatum] {
        guard symbol("(") else { throw malformed("(") }
        var data: [BoundDatum] = []
        repeat {
            data.append(try datum(kind))
        } while symbol(",")
        guard symbol(")") else { throw malformed(", or )") }
        return data
    }

    private mutating func datum(_ kind: Kind) throws(BoundError) -> BoundDatum {
        skipSpace()
        if scanner.take("'") { return .literal(try quoted()) }
        // Escape strings and bit strings; older servers print bits as B'…'.
        if scanner.take("E'") || scanner.take("e'") { return .literal(try escapedString()) }
        if scanner.take("B'") || scanner.take("b'") {
            let bits = try quoted()
            guard bits.utf8.allSatisfy({ $0 == UInt8(ascii: "0") || $0 == UInt8(ascii: "1") }) else {
                throw malformed("only 0 and 1 in a bit string")
            }
            return .literal(bits)
        }
        if keyword("TRUE") { return .literal("true") }
        if keyword("FALSE") { return .literal("false") }
        switch kind {
        case .range:
            if keyword("MINVALUE") { return .minValue }
            if keyword("MAXVALUE") { return .maxValue }
        case .list:
            if keyword("NULL") { return .null }
        }
        return .literal(try number())
    }

    /// The rest of a string constant after its opening quote.
    private mutating func quoted() throws(BoundError) -> String {
        var bytes: [UInt8] = []
        while let byte = scanner.take() {
            if byte == UInt8(ascii: "'"), !scanner.take("'") { return try decoded(bytes) }
            bytes.append(byte)
        }
        throw malformed("a closing quote")
    }

    /// The rest of an escape string constant after `E'`, by the rules of `src/backend/parser/scan.l`.
    private mutating func escapedString() throws(BoundError) -> String {
        var bytes: [UInt8] = []
        while let byte = scanner.take() {
            switch byte {
            case UInt8(ascii: "'"):
                if !scanner.take("'") { return try decoded(bytes) }
                bytes.append(byte)
            case UInt8(ascii: "\\"):
                bytes += try escape()
            default:
                bytes.append(byte)
            }
        }
        throw malformed("a closing quote")
    }

    private mutating func escape() throws(BoundError) -> [UInt8] {
        guard let letter = scanner.take() else { throw malformed("a closing quote") }
        switch letter {
        case UInt8(ascii: "b"): return [0x08]
        case UInt8(ascii: "f"): return [0x0C]
        case UInt8(ascii: "n"): return [0x0A]
        case UInt8(ascii: "r"): return [0x0D]
        case UInt8(ascii: "t"): return [0x09]
        case UInt8(ascii: "0")...UInt8(ascii: "7"):
            var value = UInt32(letter - UInt8(ascii: "0"))
            for _ in 0..<2 {
                guard let digit = hexDigit(below: 8) else { break }
                value = value * 8 + digit
            }
            return [UInt8(truncatingIfNeeded: value)]
        case UInt8(ascii: "x"):
            guard let first = hexDigit(below: 16) else { return [letter] }
            return [UInt8(truncatingIfNeeded: hexDigit(below: 16).map { first * 16 + $0 } ?? first)]
        case UInt8(ascii: "u"): return try unicodeEscape(digits: 4)
        case UInt8(ascii: "U"): return try unicodeEscape(digits: 8)
        default: return [letter]
        }
    }

    private mutating func unicodeEscape(digits: Int) throws(BoundError) -> [UInt8] {
        var value = try codeUnit(digits: digits)
        if (0xD800..<0xDC00).contains(value) {
            guard scanner.take("\\u") || scanner.take("\\U") else {
                throw malformed("the second half of a surrogate pair")
            }
            let low = try codeUnit(digits: 4)
            guard (0xDC00..<0xE000).contains(low) else { throw malformed("the second half of a surrogate pair") }
            value = 0x10000 + (value - 0xD800) << 10 + (low - 0xDC00)
        }
        guard let scalar = Unicode.Scalar(value) else { throw malformed("a Unicode code point") }
        return Array(String(scalar).utf8)
    }

    private mutating func codeUnit(digits: Int) throws(BoundError) -> UInt32 {
        var value: UInt32 = 0
        for _ in 0..<digits {
            guard let digit = hexDigit(below: 16) else { throw malformed("\(digits) hexadecimal digits") }
            value = value << 4 | digit
        }
        return value
    }

    private mutating func hexDigit(below base: UInt32) -> UInt32? {
        guard let byte = scanner.next, let value = Character(Unicode.Scalar(byte)).hexDigitValue, value < base else {
            return nil
        }
        scanner.skip()
        return UInt32(value)
    }

    private func decoded(_ bytes: [UInt8]) throws(BoundError) -> String {
        guard !bytes.contains(0), let text = String(validating: bytes, as: UTF8.self) else {
            throw malformed("UTF-8 text without NUL")
        }
        return text
    }

    /// `[+-]digits[.digits][e[+-]digits]`, also with nothing before or after the point.
    private mutating func number() throws(BoundError) -> String {
        var characters: [UInt8] = []
        if let sign = scanner.next, sign == UInt8(ascii: "-") || sign == UInt8(ascii: "+") {
            characters.append(sign)
            scanner.skip()
        }
        var digits = scanner.take(while: ByteScanner.isDigit)
        var count = digits.count
        characters += digits
        if scanner.take(".") {
            characters.append(UInt8(ascii: "."))
            digits = scanner.take(while: ByteScanner.isDigit)
            count += digits.count
            characters += digits
        }
        guard count > 0 else { throw malformed("a constant") }
        if scanner.take("e") || scanner.take("E") {
            characters.append(UInt8(ascii: "e"))
            if let sign = scanner.next, sign == UInt8(ascii: "-") || sign == UInt8(ascii: "+") {
                characters.append(sign)
                scanner.skip()
            }
            digits = scanner.take(while: ByteScanner.isDigit)
            guard !digits.isEmpty else { throw malformed("digits of an exponent") }
            characters += digits
        }
        return String(decoding: characters, as: UTF8.self)
    }

    private mutating func integer() -> Int? {
        skipSpace()
        return scanner.digits(1...10)?.value
    }

    /// A word in capitals or not, not followed by another letter or digit.
    private mutating func keyword(_ word: StaticString) -> Bool {
        skipSpace()
        var ahead = scanner
        let found = ahead.take { byte in
            (UInt8(ascii: "a")...UInt8(ascii: "z")).contains(byte | 0x20) || ByteScanner.isDigit(byte)
                || byte == UInt8(ascii: "_") || byte >= 0x80
        }
        let matches = word.withUTF8Buffer { word in
            word.count == found.count && zip(word, found).allSatisfy { $0 | 0x20 == $1 | 0x20 }
        }
        if matches { scanner = ahead }
        return matches
    }

    private mutating func symbol(_ symbol: StaticString) -> Bool {
        skipSpace()
        return scanner.take(symbol)
    }

    private mutating func skipSpace() {
        _ = scanner.take { $0 == UInt8(ascii: " ") || (0x09...0x0D).contains($0) }
    }

    private func malformed(_ expected: String) -> BoundError {
        let shown = text.utf8.count <= 200 ? text : String(text.unicodeScalars.prefix(200)) + "…"
        return BoundError(
            .malformed,
            "the partition bound \(shown) can't be read: expected \(expected) after byte \(scanner.position)"
        )
    }
}
