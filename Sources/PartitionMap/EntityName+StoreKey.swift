// SPDX-License-Identifier: Apache-2.0
// Part of partition-cli. See LICENSE and CONTRIBUTING.md.

extension EntityName {
    /// The name as it stands inside a store's keys and channels: ``description`` with `%`, `{`, `}`, `/` and control
    /// characters percent-encoded (upper-case hexadecimal). Braces would change a Redis Cluster's slot, a slash the
    /// depth of an etcd or Consul key.
    public var storeKey: String {
        var bytes: [UInt8] = []
        for byte in description.utf8 {
            switch byte {
            case UInt8(ascii: "%"), UInt8(ascii: "{"), UInt8(ascii: "}"), UInt8(ascii: "/"), 0..<0x20, 0x7F:
                bytes += [UInt8(ascii: "%"), hexDigit(byte >> 4), hexDigit(byte & 15)]
            default:
                bytes.append(byte)
            }
        }
        return String(decoding: bytes, as: UTF8.self)
    }

    /// The name behind a store's key.
    ///
    /// - Throws: ``PartitionMapError/Code/malformed`` when the text isn't exactly what ``storeKey`` makes of a name.
    public init(storeKey: String) throws(PartitionMapError) {
        var bytes: [UInt8] = []
        var rest = storeKey.utf8[...]
        while let byte = rest.popFirst() {
            guard byte == UInt8(ascii: "%") else {
                bytes.append(byte)
                continue
            }
            guard let high = rest.popFirst().flatMap(hexValue), let low = rest.popFirst().flatMap(hexValue) else {
                throw PartitionMapError(.malformed, "a percent sign without two hexadecimal digits in a store key")
            }
            bytes.append(high << 4 | low)
        }
        guard let text = String(validating: bytes, as: UTF8.self) else {
            throw PartitionMapError(.malformed, "a store key that isn't UTF-8")
        }
        try self.init(parsing: text)
        guard self.storeKey.utf8.elementsEqual(storeKey.utf8) else {
            throw PartitionMapError(.notCanonical, "a store key that isn't in canonical form")
        }
    }
}

private func hexDigit(_ value: UInt8) -> UInt8 {
    value < 10 ? UInt8(ascii: "0") + value : UInt8(ascii: "A") + value - 10
}

private func hexValue(_ digit: UInt8) -> UInt8? {
    switch digit {
    case UInt8(ascii: "0")...UInt8(ascii: "9"): digit - UInt8(ascii: "0")
    case UInt8(ascii: "A")...UInt8(ascii: "F"): digit - UInt8(ascii: "A") + 10
    default: nil
    }
}
