// SPDX-License-Identifier: Apache-2.0
// Part of partition-cli. See LICENSE and CONTRIBUTING.md.

extension PartitionMapHeader {
    /// Longer texts aren't read: a database's name has at most 63 bytes.
    private static let maximumTextSize = 16 << 10

    /// The one text that etcd and Consul keep: a canonical JSON object of ``fields``.
    package var json: [UInt8] {
        JSONValue.object(fields.map { JSONValue.Member(key: $0.name, value: .string($0.text)) }).canonicalBytes()
    }

    /// Reads such a text, whoever wrote it. Other members are skipped.
    ///
    /// - Throws: ``PartitionMapError`` for what isn't JSON, and as ``init(fields:)``.
    package init(json bytes: [UInt8]) throws(PartitionMapError) {
        guard bytes.count <= Self.maximumTextSize else {
            throw PartitionMapError(.tooLarge, "a header of more than \(Self.maximumTextSize) bytes")
        }
        guard case .object(let members) = try JSONReader.read(bytes).value else {
            throw PartitionMapError(.malformed, "the header isn't a JSON object")
        }
        var fields: [String: String] = [:]
        for member in members {
            if case .string(let text) = member.value { fields[member.key] = text }
        }
        try self.init(fields: fields)
    }
}
