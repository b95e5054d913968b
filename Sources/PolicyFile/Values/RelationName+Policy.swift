// SPDX-License-Identifier: Apache-2.0
// Part of partition-cli. See LICENSE and CONTRIBUTING.md.

package import Partitioning

extension RelationName {
    /// Reads `public.events` or `app."Order Lines"` as PostgreSQL does: what isn't quoted is folded to lower case (ASCII
    /// only), and `""` inside quotes is a quote. The schema must be there: a search path is no part of a policy.
    package init(policyKey text: String) throws(PolicyValueError) {
        var rest = Array(text.utf8)[...]
        guard let first = Self.identifier(&rest) else { throw Self.malformed(text) }
        guard let dot = rest.popFirst() else {
            let name = RelationName(schema: "public", name: first)
            throw PolicyValueError("\(Quoted(text)) has no schema", suggestion: name.description)
        }
        guard dot == UInt8(ascii: "."), let second = Self.identifier(&rest), rest.isEmpty else {
            throw Self.malformed(text)
        }
        for part in [first, second] where part.utf8.count > 63 {
            throw PolicyValueError("\(Quoted(part)) is longer than PostgreSQL's names, which have 63 bytes at most")
        }
        self.init(schema: first, name: second)
    }

    private static func malformed(_ text: String) -> PolicyValueError {
        PolicyValueError(
            "\(Quoted(text)) is not the name of a table: write schema.table, and in quotes what SQL would need in quotes"
        )
    }

    private static func identifier(_ rest: inout ArraySlice<UInt8>) -> String? {
        let bytes = rest.first == UInt8(ascii: "\"") ? quoted(&rest) : folded(&rest)
        guard let bytes, !bytes.isEmpty, !bytes.contains(0) else { return nil }
        return String(decoding: bytes, as: UTF8.self)
    }

    private static func quoted(_ rest: inout ArraySlice<UInt8>) -> [UInt8]? {
        let quote = UInt8(ascii: "\"")
        var name: [UInt8] = []
        rest.removeFirst()
        while let byte = rest.popFirst() {
            if byte == quote {
                guard rest.first == quote else { return name }
                rest.removeFirst()
            }
            name.append(byte)
        }
        return nil
    }

    private static func folded(_ rest: inout ArraySlice<UInt8>) -> [UInt8]? {
        var name: [UInt8] = []
        while let byte = rest.first, byte != UInt8(ascii: ".") {
            switch byte {
            case UInt8(ascii: "A")...UInt8(ascii: "Z"): name.append(byte | 0x20)
            case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "_"), 0x80...: name.append(byte)
            case UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "$"):
                guard !name.isEmpty else { return nil }
                name.append(byte)
            default: return nil
            }
            rest.removeFirst()
        }
        return name
    }
}
