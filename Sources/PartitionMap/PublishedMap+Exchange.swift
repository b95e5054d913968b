// SPDX-License-Identifier: Apache-2.0
// Part of partition-cli. See LICENSE and CONTRIBUTING.md.

extension PublishedMap {
    /// Document and header as one line of canonical JSON without its end, `{"document":{…},"header":{…}}`: how a map is carried from
    /// one store to another. The document's bytes stand in it as every store keeps them.
    package var exchangeLine: [UInt8] {
        let document = Array(#"{"document":"#.utf8) + document.canonicalBytes
        return document + Array(#","header":"#.utf8) + header.json + Array("}".utf8)
    }

    /// Reads such a line, whoever wrote it.
    ///
    /// - Throws: ``PartitionMapError`` for anything but what ``exchangeLine`` makes.
    package init(exchangeLine bytes: [UInt8]) throws(PartitionMapError) {
        guard bytes.count <= PartitionMapDocument.maximumSize + 4096 else {
            throw PartitionMapError(.tooLarge, "the line is longer than any map's")
        }
        let (json, isCanonical) = try JSONReader.read(bytes)
        guard isCanonical, let document = json["document"],
            case .object(let members)? = json["header"]
        else {
            throw PartitionMapError(.notCanonical, "it isn't a line as registry export writes it")
        }
        var fields: [String: String] = [:]
        for member in members {
            guard case .string(let text) = member.value else {
                throw PartitionMapError(.malformed, "the header's \(member.key) isn't a text")
            }
            fields[member.key] = text
        }
        try self.init(
            header: PartitionMapHeader(fields: fields),
            document: PartitionMapDocument(parsing: document.canonicalBytes())
        )
    }
}
