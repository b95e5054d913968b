// SPDX-License-Identifier: Apache-2.0
// Part of partition-cli. See LICENSE and CONTRIBUTING.md.

import PartitionMap
import PartitionRegistryHTTP
import PartitionRouter
import TestSupport
import Testing

/// What lies in etcd and Consul: clients in other languages read it.
@Suite("The layout in etcd and Consul", .timeLimit(.minutes(5)))
struct StoreLayoutTests {
    private static let programs = [StoreServer.Program.etcd, .consul]

    private func registry(_ server: StoreServer, _ parameters: String = "") throws -> HTTPRegistry {
        let text = "\(server.program)://127.0.0.1:\(server.port)?timeout=20\(parameters)"
        return try HTTPRegistry(try RegistryURL(parsing: text), logger: .test)
    }

    /// A document of several pieces; another seed is another document.
    private func large(_ version: Int64, seed: Int = 0) throws -> PublishedMap {
        try dailyMap(days: 8_000 + seed, version: version)
    }

    @Test("is a header of canonical JSON, and the document in pieces under its version", arguments: programs)
    func layout(program: StoreServer.Program) async throws {
        try await withStoreServer(program) { server in
            let registry = try registry(server)
            let small = try dailyMap(version: 7)
            _ = try await registry.publish(small, replacing: nil)
            #expect(try await server.keys() == ["partition_map/events/7/0", "partition_map/events/header"])
            #expect(
                try await server.value("partition_map/events/header") == """
                    {"checksum":"\(small.document.checksum)","chunks":"1","database":"app","lsn":"1/10",\
                    "size":"\(small.header.size)","systemIdentifier":"7000000000000000001","timeline":"1","version":"7"}
                    """
            )
            let document = String(decoding: small.document.canonicalBytes, as: UTF8.self)
            #expect(try await server.value("partition_map/events/7/0") == document)

            let large = try large(8)
            _ = try await registry.publish(large, replacing: small.header)
            let header = try await server.header(events)
            let chunks = (large.header.size + (256 << 10) - 1) / (256 << 10)
            #expect(chunks > 2)
            #expect(header["chunks"] == String(chunks))
            var pieces = ""
            for number in 0..<chunks {
                let piece = try #require(try await server.value("partition_map/events/8/\(number)"))
                #expect(number == chunks - 1 || piece.utf8.count == 256 << 10)
                pieces += piece
            }
            #expect(pieces == String(decoding: large.document.canonicalBytes, as: UTF8.self))
            // In how many pieces a store keeps a document is its own business: the map is the same everywhere.
            #expect(try await registry.load(events) == large)

            let prefixed = try self.registry(server, "&prefix=eu.")
            _ = try await prefixed.publish(small, replacing: nil)
            #expect(try await server.value("eu.partition_map/events/7/0") == document)
            #expect(try await registry.load(events) == large)
            #expect(try await prefixed.entities() == [events])
            #expect(try await registry.entities() == [events])
        }
    }

    @Test(
        "keeps the pieces of the version before, which somebody may be reading, and no older ones",
        arguments: programs
    )
    func collection(program: StoreServer.Program) async throws {
        try await withStoreServer(program) { server in
            let registry = try registry(server)
            // Of a publisher that was killed: below the first header, between two, and above all.
            for version in [2, 95, 1_000] { try await server.put("partition_map/events/\(version)/0", "left over") }
            let foreign = ["partition_map/events/x/0", "partition_map/events/03/0", "partition_map/eventsx/3/0", "z"]
            for key in foreign { try await server.put(key, "somebody's") }
            var replaced: PartitionMapHeader?
            var found: [[String]] = []
            // Numbers, not texts, are compared: 90 comes before 100.
            for version in [9, 90, 100, 110] as [Int64] {
                let map = try dailyMap(days: Int(version), version: version)
                #expect(try await registry.publish(map, replacing: replaced) == .published)
                replaced = map.header
                let keys = try await server.keys()
                #expect(Set(keys).isSuperset(of: foreign))
                found.append(
                    keys.filter { $0.hasSuffix("/0") && !foreign.contains($0) }.map {
                        String($0.dropFirst(21).dropLast(2))
                    }
                )
            }
            #expect(
                found == [
                    ["1000", "2", "9", "95"], ["1000", "9", "90", "95"], ["100", "1000", "90", "95"],
                    ["100", "1000", "110"],
                ]
            )
            #expect(try await registry.load(events)?.header == replaced)
            #expect(try await registry.entities() == [events])
            #expect(try await registry.remove(events, replacing: try #require(replaced)) == .published)
            #expect(try await server.keys() == ["partition_map/eventsx/3/0", "z"])
        }
    }

    @Test("tells a piece that was lost from one that was collected while it was being read", arguments: programs)
    func lostPiece(program: StoreServer.Program) async throws {
        try await withStoreServer(program) { server in
            let registry = try registry(server)
            let first = try large(1)
            _ = try await registry.publish(first, replacing: nil)
            try await server.remove("partition_map/events/1/1")
            let error = await #expect(throws: RegistryError.self) { try await registry.load(events) }
            #expect(error?.code == .corrupt)
            #expect(error?.message.contains("piece 1") == true)
            #expect(try await registry.header(events) == first.header)
            // Collected: whoever has read the header of version 1 finds that of version 3 afterwards.
            let second = try large(2)
            _ = try await registry.publish(second, replacing: first.header)
            let interposed = Interposed(server) { step in
                guard case .values(1) = step else { return }
                let third = try dailyMap(version: 3)
                _ = try await registry.publish(third, replacing: second.header)
                _ = try await registry.publish(try dailyMap(version: 4), replacing: third.header)
            }
            #expect(try await interposed.maps.load(events, .document, expecting: nil)?.header.version == 4)
        }
    }

    @Test("never names pieces of two publishers who write the same version", arguments: programs)
    func sameVersion(program: StoreServer.Program) async throws {
        try await withStoreServer(program) { server in
            let registry = try registry(server)
            let first = try dailyMap(version: 1)
            _ = try await registry.publish(first, replacing: nil)
            var replaced = first
            for (place, isWhole) in [(1, true), (2, false), (4, false), (4, true)] {
                let version = replaced.header.version + 1
                let (ours, theirs) = (try large(version, seed: 1), try large(version, seed: 2))
                // Before that commit of ours the others publish, or only begin to.
                let interposed = Interposed(server) { [replaced] step in
                    guard case .commit(place) = step else { return }
                    if isWhole {
                        #expect(try await registry.publish(theirs, replacing: replaced.header) == .published)
                    } else {
                        try await server.put("partition_map/events/\(version)/0", "only begun")
                    }
                }
                let outcome = try await interposed.maps.publish(ours, replacing: replaced.header)
                #expect(outcome == .lostRace(current: isWhole ? theirs.header : replaced.header), "\(place) \(isWhole)")
                #expect(try await registry.load(events) == (isWhole ? theirs : replaced))
                // What was begun is in nobody's way.
                if !isWhole { #expect(try await registry.publish(ours, replacing: replaced.header) == .published) }
                replaced = isWhole ? theirs : ours
                #expect(try await registry.load(events) == replaced)
            }
        }
    }

    @Test("never names a piece of one who began with the same bytes", arguments: programs)
    func sameBeginning(program: StoreServer.Program) async throws {
        try await withStoreServer(program) { server in
            let first = try dailyMap(version: 1)
            _ = try await registry(server).publish(first, replacing: nil)
            let (ours, theirs) = (try large(2, seed: 1), try large(2, seed: 2))
            let piece = 256 << 10
            let (bytes, others) = (ours.document.canonicalBytes, theirs.document.canonicalBytes)
            try #require(bytes.prefix(piece) == others.prefix(piece) && bytes != others)
            let pieces = (bytes.count + piece - 1) / piece
            try #require(pieces > 1 && pieces == (others.count + piece - 1) / piece)
            // The others write every piece and die, before we write the header.
            let dying = Interposed(server) { step in
                guard case .commit(pieces + 1) = step else { return }
                throw CancellationError()
            }
            let interposed = Interposed(server) { step in
                guard case .commit(pieces + 1) = step else { return }
                _ = try? await dying.maps.publish(theirs, replacing: first.header)
            }
            let outcome = try await interposed.maps.publish(ours, replacing: first.header)
            #expect(outcome == .lostRace(current: first.header))
            #expect(try await registry(server).load(events) == first)
            #expect(try await registry(server).publish(ours, replacing: first.header) == .published)
            #expect(try await registry(server).load(events) == ours)
        }
    }

    @Test("a lost race is one, whatever the table is called", arguments: programs)
    func tellingName(program: StoreServer.Program) async throws {
        let entity = EntityName(schema: "ACL not found", table: "Permission denied")
        try await withStoreServer(program) { server in
            let registry = try registry(server)
            let first = try dailyMap(entity, version: 1)
            for replaced in [nil, first.header] {
                let theirs = try dailyMap(entity, days: 5, version: (replaced?.version ?? 0) + 2)
                let interposed = Interposed(server) { step in
                    guard case .commit(2) = step else { return }
                    let outcome = try await registry.publish(theirs, replacing: replaced)
                    #expect(outcome == .published)
                }
                let ours = try dailyMap(entity, days: 6, version: (replaced?.version ?? 0) + 1)
                let outcome = try await interposed.maps.publish(ours, replacing: replaced)
                #expect(outcome == .lostRace(current: theirs.header))
                if replaced == nil {
                    _ = try await registry.remove(entity, replacing: theirs.header)
                    _ = try await registry.publish(first, replacing: nil)
                }
            }
        }
    }

    @Test("collects nothing when somebody else has published meanwhile", arguments: programs)
    func overtakenCollection(program: StoreServer.Program) async throws {
        try await withStoreServer(program) { server in
            let registry = try registry(server)
            let first = try dailyMap(version: 1)
            _ = try await registry.publish(first, replacing: nil)
            let second = try dailyMap(days: 4, version: 2)
            _ = try await registry.publish(second, replacing: first.header)
            let third = try dailyMap(days: 5, version: 3)
            // The header was restored to an earlier one between our publish and our collecting.
            let old = try #require(try await server.value("partition_map/events/header"))
            let interposed = Interposed(server) { step in
                guard case .keys = step else { return }
                try await server.put(
                    "partition_map/events/1/0",
                    String(decoding: first.document.canonicalBytes, as: UTF8.self)
                )
                try await server.put("partition_map/events/header", old)
            }
            #expect(try await interposed.maps.publish(third, replacing: second.header) == .published)
            #expect(try await registry.load(events) == second)
            #expect(try await server.keys().contains("partition_map/events/1/0"))
        }
    }

    @Test("is read whole while it is being replaced", arguments: programs)
    func tearing(program: StoreServer.Program) async throws {
        try await withStoreServer(program) { server in
            let writer = try registry(server)
            let reader = try registry(server)
            let publishing = Task {
                var replaced: PartitionMapHeader?
                for version in 1...6 as ClosedRange<Int64> {
                    let map = try self.large(version, seed: Int(version))
                    #expect(try await writer.publish(map, replacing: replaced) == .published)
                    replaced = map.header
                }
            }
            var last: Int64 = 0
            while last < 6 {
                guard let map = try await reader.load(events) else { continue }
                #expect(map.header.version >= last)
                #expect(map.document.entries.count == 8_000 + Int(map.header.version))
                last = map.header.version
            }
            try await publishing.value
        }
    }
}
