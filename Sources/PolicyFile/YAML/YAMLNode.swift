// SPDX-License-Identifier: Apache-2.0
// Part of partition-cli. See LICENSE and CONTRIBUTING.md.

/// One value of the file, with the place where it stands. An alias is replaced by what its anchor names.
struct YAMLNode: Hashable {
    indirect enum Content: Hashable {
        case scalar(YAMLScalar)
        case sequence([YAMLNode])
        /// In the order of the file; keys are different from each other.
        case mapping([YAMLEntry])
    }

    let content: Content
    let position: SourcePosition
    /// How many nodes it has with all below it, aliases counted as often as they are used.
    let size: Int
}

/// A key with its value.
struct YAMLEntry: Hashable {
    let key: String
    /// Of the key.
    let position: SourcePosition
    let value: YAMLNode
}

/// A text that is neither sequence nor mapping, and what YAML 1.2's core schema takes it for.
struct YAMLScalar: Hashable {
    enum Kind: Hashable {
        case null
        case boolean(Bool)
        /// nil where it doesn't fit 64 bits.
        case integer(Int?)
        case float
        case string
    }

    let text: String
    /// Neither quoted nor a block: only then it may be something else than a string.
    let isPlain: Bool

    var kind: Kind {
        guard isPlain else { return .string }
        switch text {
        case "", "~", "null", "Null", "NULL": return .null
        case "true", "True", "TRUE": return .boolean(true)
        case "false", "False", "FALSE": return .boolean(false)
        case ".nan", ".NaN", ".NAN": return .float
        default: return number ?? .string
        }
    }

    private var number: Kind? {
        if let digits = digits(after: "0x") { return .integer(Int(digits, radix: 16)) }
        if let digits = digits(after: "0o") { return .integer(Int(digits, radix: 8)) }
        var rest = text.utf8[...]
        if let sign = rest.first, sign == UInt8(ascii: "-") || sign == UInt8(ascii: "+") { rest.removeFirst() }
        if [".inf", ".Inf", ".INF"].contains(where: { $0.utf8.elementsEqual(rest) }) { return .float }
        let whole = rest.prefix(while: Self.isDigit)
        rest = rest.dropFirst(whole.count)
        if rest.isEmpty, !whole.isEmpty { return .integer(Int(text)) }
        if rest.first == UInt8(ascii: ".") {
            rest.removeFirst()
            let fraction = rest.prefix(while: Self.isDigit)
            guard !whole.isEmpty || !fraction.isEmpty else { return nil }
            rest = rest.dropFirst(fraction.count)
        } else if whole.isEmpty {
            return nil
        }
        if let letter = rest.first, letter | 0x20 == UInt8(ascii: "e") {
            rest.removeFirst()
            if let sign = rest.first, sign == UInt8(ascii: "-") || sign == UInt8(ascii: "+") { rest.removeFirst() }
            guard !rest.isEmpty else { return nil }
            rest = rest.drop(while: Self.isDigit)
        }
        return rest.isEmpty ? .float : nil
    }

    private func digits(after prefix: String) -> Substring? {
        guard text.hasPrefix(prefix), text.utf8.count > prefix.utf8.count else { return nil }
        let digits = text.dropFirst(prefix.count)
        let isHexadecimal = prefix == "0x"
        guard
            digits.utf8.allSatisfy({ byte in
                isHexadecimal
                    ? Self.isDigit(byte) || (UInt8(ascii: "a")...UInt8(ascii: "f")).contains(byte | 0x20)
                    : (UInt8(ascii: "0")...UInt8(ascii: "7")).contains(byte)
            })
        else { return nil }
        return digits
    }

    static func isDigit(_ byte: UInt8) -> Bool { (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte) }
}
