// SPDX-License-Identifier: Apache-2.0
// Part of partition-cli. See LICENSE and CONTRIBUTING.md.

/// The name of a time zone, such as `Europe/Berlin`. Whether there is one of this name the server knows.
package struct ZoneName: Hashable, Sendable, CustomStringConvertible {
    package let text: String
    package var description: String { text }
}

extension ZoneName: PolicyValue {
    init(policy scalar: YAMLScalar) throws(PolicyValueError) {
        guard scalar.kind == .string else { throw Self.malformed(scalar.text) }
        try self.init(parsing: scalar.text)
    }

    /// Letters, digits and `_ + - /`, a letter first: what zones of the tz database are made of. PostgreSQL also takes
    /// POSIX rules (`CET-1CEST`) for zones; a policy doesn't, because their rules for summer time are fixed for ever.
    package init(parsing text: String) throws(PolicyValueError) {
        guard let first = text.utf8.first, Self.isLetter(first), text.utf8.count <= 64,
            text.utf8.allSatisfy({ Self.isLetter($0) || YAMLScalar.isDigit($0) || "_+-/".utf8.contains($0) })
        else { throw Self.malformed(text) }
        self.text = text
    }

    private static func malformed(_ text: String) -> PolicyValueError {
        PolicyValueError("\(Quoted(text)) is not the name of a time zone, such as UTC or Europe/Berlin")
    }

    private static func isLetter(_ byte: UInt8) -> Bool {
        (UInt8(ascii: "a")...UInt8(ascii: "z")).contains(byte | 0x20)
    }
}
