// SPDX-License-Identifier: Apache-2.0
// Part of partition-cli. See LICENSE and CONTRIBUTING.md.

/// The parameters of a URL, taken out one by one so that a forgotten or mistyped one is noticed.
struct URLQuery {
    private var items: [(name: String, value: String, text: Substring)] = []

    init(_ text: String) throws(RegistryURLError) {
        for item in text.split(separator: "&") {
            let halves = item.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
            let value = halves.count > 1 ? try Self.decoded(halves[1]) : ""
            items.append((try Self.decoded(halves[0]), value, item))
        }
    }

    /// What wasn't taken, as it was written.
    var rest: String { items.map(\.text).joined(separator: "&") }

    /// The last parameter of that name; nil for a missing one.
    mutating func take(_ name: String) -> String? {
        let value = items.last { $0.name == name }?.value
        items.removeAll { $0.name == name }
        return value
    }

    mutating func takeNumber(_ name: String, _ range: ClosedRange<Int>) throws(RegistryURLError) -> Int? {
        guard let text = take(name) else { return nil }
        guard text.utf8.count < 10, Self.isDigits(text), let number = Int(text), range.contains(number) else {
            throw RegistryURLError(
                "\(name)= in the registry URL is a number from \(range.lowerBound) to \(range.upperBound)"
            )
        }
        return number
    }

    /// Int itself takes a sign too, which other clients don't.
    static func isDigits(_ text: some StringProtocol) -> Bool { text.utf8.allSatisfy { (0x30...0x39).contains($0) } }

    /// - Parameter known: what the error says may stand there.
    func mustBeEmpty(known: String) throws(RegistryURLError) {
        guard let item = items.first else { return }
        // Shown only when it looks like a word: it may be the rest of a password with a question mark.
        let isWord = item.name.utf8.count < 20 && item.name.utf8.allSatisfy { (0x61...0x7A).contains($0) }
        throw RegistryURLError(
            "the registry URL has an unknown parameter" + (isWord ? ", \(item.name)" : ""),
            hint: "known: \(known)"
        )
    }

    static func decoded(_ text: Substring) throws(RegistryURLError) -> String {
        var bytes: [UInt8] = []
        var rest = text.utf8
        while let byte = rest.popFirst() {
            guard byte == UInt8(ascii: "%") else {
                bytes.append(byte)
                continue
            }
            let digits = rest.prefix(2)
            guard digits.count == 2, digits.allSatisfy({ Character(Unicode.Scalar($0)).isHexDigit }),
                let value = UInt8(Substring(digits), radix: 16), value != 0
            else {
                throw RegistryURLError("a percent sign in the registry URL isn't followed by two hexadecimal digits")
            }
            bytes.append(value)
            rest = rest.dropFirst(2)
        }
        guard let decoded = String(validating: bytes, as: UTF8.self) else {
            throw RegistryURLError("the registry URL isn't UTF-8 once decoded")
        }
        return decoded
    }
}
