// SPDX-License-Identifier: Apache-2.0
// Part of partition-cli. See LICENSE and CONTRIBUTING.md.

public import PartitionMap
public import PartitionRouter

extension RedisRegistry {
    public func load(
        _ entity: EntityName,
        _ extent: LoadExtent,
        expecting expected: PartitionMapDocument?
    ) async throws(RegistryError) -> StoredMap? {
        let link = try await connected()
        let keys = RedisKeys(entity, prefix: prefix)
        switch extent {
        case .header:
            let raw = try await rawHeader(link, keys)
            guard raw.contains(where: { $0 != nil }) else { return nil }
            return StoredMap(header: try Self.header(raw), document: nil)
        case .document:
            let reply = try await ask(link, RedisCommand("HGETALL", keys.meta))
            return try Self.fields(reply).map { (fields) throws(RegistryError) in
                try StoredMap(
                    header: try Self.header(fields),
                    bytes: fields["document"] ?? [],
                    of: entity,
                    expecting: expected
                )
            }
        case .all:
            let inspect = RedisCommand(script: RedisScripts.inspect, keys: [keys.meta, keys.members])
            let reply = try await ask(link, inspect).elements ?? []
            guard reply.count == 2, let digest = reply[1].text else { throw Self.oddReply }
            guard let fields = try Self.fields(reply[0]) else { return nil }
            let isConfirmed = target.replicas == 0 || fields["confirmed"] == fields["version"]
            let isIntact = isConfirmed && fields["members"] == Array(digest.utf8)
            return try StoredMap(
                header: try Self.header(fields),
                bytes: fields["document"] ?? [],
                of: entity,
                expecting: expected,
                isIntact: isIntact
            )
        }
    }

    /// The header's fields as they are in the hash, in the scripts' order; nil for a missing one.
    func rawHeader(_ link: RedisConnection, _ keys: RedisKeys) async throws(RegistryError) -> [[UInt8]?] {
        var command = RedisCommand("HMGET", keys.meta)
        for field in RedisScripts.headerFields { command.append(field) }
        return try Self.rawHeader(try await ask(link, command))
    }

    static func rawHeader(_ reply: RESPValue) throws(RegistryError) -> [[UInt8]?] {
        guard let elements = reply.elements, elements.count == RedisScripts.headerFields.count else { throw oddReply }
        return elements.map { if case .bulk(let bytes) = $0 { bytes } else { nil } }
    }

    /// - Throws: ``RegistryError/Code/corrupt``.
    static func header(_ raw: [[UInt8]?]) throws(RegistryError) -> PartitionMapHeader {
        var fields: [String: String] = [:]
        for (name, bytes) in zip(RedisScripts.headerFields, raw) {
            fields[name] = bytes.flatMap { String(validating: $0, as: UTF8.self) }
        }
        do {
            return try PartitionMapHeader(fields: fields)
        } catch {
            throw RegistryError(.corrupt, "the published header can't be read: \(error.message)")
        }
    }

    private static func header(_ fields: [String: [UInt8]]) throws(RegistryError) -> PartitionMapHeader {
        try header(RedisScripts.headerFields.map { fields[$0] })
    }

    /// Nil for a hash that isn't there.
    private static func fields(_ reply: RESPValue) throws(RegistryError) -> [String: [UInt8]]? {
        guard let elements = reply.elements, elements.count.isMultiple(of: 2) else { throw oddReply }
        var fields: [String: [UInt8]] = [:]
        for index in stride(from: 0, to: elements.count, by: 2) {
            // A field whose name isn't text is none of ours.
            guard let name = elements[index].text, case .bulk(let value) = elements[index + 1] else { continue }
            fields[name] = value
        }
        return elements.isEmpty ? nil : fields
    }
}
