// SPDX-License-Identifier: Apache-2.0
// Part of partition-cli. See LICENSE and CONTRIBUTING.md.

/// A text such as `13 months` or `60d`, taken apart.
struct CountAndWord {
    /// Digits, with a leading part that is a fraction where there is a point; empty if the text begins otherwise.
    let number: Substring
    let spaces: Int
    let word: String

    init(_ text: String) {
        let number = text.prefix { $0.isASCII && ($0.isNumber || $0 == ".") }
        let rest = text.dropFirst(number.count)
        let spaces = rest.prefix { $0 == " " }.count
        self.number = number
        self.spaces = spaces
        word = String(rest.dropFirst(spaces))
    }

    /// The number if it is whole, from 1 to 999 999 and without leading zeros.
    var count: Int? {
        guard (1...6).contains(number.utf8.count), number.utf8.allSatisfy(YAMLScalar.isDigit),
            number.utf8.first != UInt8(ascii: "0")
        else { return nil }
        return Int(number)
    }
}
