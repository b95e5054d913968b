// SPDX-License-Identifier: Apache-2.0
// Part of partition-cli. See LICENSE and CONTRIBUTING.md.

public import PartitionMap
public import PartitionRouter

extension RedisRegistry {
    public func publish(
        _ map: PublishedMap,
        replacing replaced: PartitionMapHeader?
    ) async throws(RegistryError) -> PublishOutcome {
        try map.header.mustFollow(replaced)
        let link = try await connected()
        let keys = RedisKeys(map.document.table, prefix: prefix)
        var command = RedisCommand(script: RedisScripts.publish, keys: [keys.meta, keys.members])
        guard try await expect(replaced, link, keys, &command) else { return try await lostRace(link, keys) }
        command.append(keys.channel)
        command.append(String(target.timeToLive ?? 0))
        var fields = map.header.fields.map { ($0.name, Array($0.text.utf8)) }
        fields.append(("document", map.document.canonicalBytes))
        // Without replicas to wait for there is nothing left to confirm.
        if target.replicas == 0 { fields.append(("confirmed", Array(String(map.header.version).utf8))) }
        command.append(String(fields.count))
        for (name, value) in fields {
            command.append(name)
            command.append(value)
        }
        let members = map.document.patternMembers
        command.append(String(members.count))
        for member in members {
            command.append(member.json)
            command.append(String(member.score))
            command.append(member.name)
        }
        let outcome = try Self.outcome(try await ask(link, command))
        if outcome == .published, target.replicas > 0 { try await confirm(map.header.version, link, keys) }
        return outcome
    }

    public func remove(
        _ entity: EntityName,
        replacing replaced: PartitionMapHeader
    ) async throws(RegistryError) -> PublishOutcome {
        let link = try await connected()
        let keys = RedisKeys(entity, prefix: prefix)
        var command = RedisCommand(script: RedisScripts.remove, keys: [keys.meta, keys.members])
        guard try await expect(replaced, link, keys, &command) else { return try await lostRace(link, keys) }
        command.append(keys.channel)
        return try Self.outcome(try await ask(link, command))
    }

    /// Appends the header that must still be there.
    ///
    /// - Returns: False when none was expected and a good one is there: the race is lost already.
    private func expect(
        _ replaced: PartitionMapHeader?,
        _ link: RedisConnection,
        _ keys: RedisKeys,
        _ command: inout RedisCommand
    ) async throws(RegistryError) -> Bool {
        let raw: [[UInt8]?]
        if let replaced {
            raw = replaced.fields.map { Array($0.text.utf8) }
        } else {
            // Nothing, or something that can't be read; the script replaces exactly what was seen here.
            raw = try await rawHeader(link, keys)
            if (try? Self.header(raw)) != nil { return false }
        }
        for field in raw { command.append(field.map { [UInt8(ascii: "=")] + $0 } ?? [UInt8(ascii: "-")]) }
        return true
    }

    private func lostRace(_ link: RedisConnection, _ keys: RedisKeys) async throws(RegistryError) -> PublishOutcome {
        .lostRace(current: try? Self.header(try await rawHeader(link, keys)))
    }

    private static func outcome(_ reply: RESPValue) throws(RegistryError) -> PublishOutcome {
        let elements = reply.elements ?? []
        switch elements.first {
        case .integer(1): return .published
        case .integer(0) where elements.count == 2:
            return .lostRace(current: try? header(try rawHeader(elements[1])))
        default: throw oddReply
        }
    }

    /// Waits for the replicas, and writes down that they confirmed: without that the next run publishes again.
    private func confirm(_ version: Int64, _ link: RedisConnection, _ keys: RedisKeys) async throws(RegistryError) {
        let (seconds, attoseconds) = target.timeout.components
        let milliseconds = seconds * 1000 + attoseconds / 1_000_000_000_000_000
        let wait = RedisCommand("WAIT", String(target.replicas), String(milliseconds))
        // Redis keeps to its own limit; ours is for a server that doesn't answer at all.
        guard case .integer(let count) = try await ask(link, wait, within: target.timeout * 2) else {
            throw Self.oddReply
        }
        guard count >= Int64(target.replicas) else {
            throw RegistryError(
                .unconfirmed,
                "\(count) of \(target.replicas) Redis replicas confirmed the publish in time"
            )
        }
        var confirm = RedisCommand(script: RedisScripts.confirm, keys: [keys.meta])
        confirm.append(String(version))
        _ = try await ask(link, confirm)
    }
}
