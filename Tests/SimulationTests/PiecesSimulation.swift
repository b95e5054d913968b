// SPDX-License-Identifier: Apache-2.0
// Part of partition-cli. See LICENSE and CONTRIBUTING.md.

import Logging
import PartitionMap
import PartitionRegistryHTTP
import PartitionRouter
import Synchronization
import TestSupport

/// Publishers and readers of one map in etcd's and Consul's layout. What they do is the real code; in which order their questions reach the store, who
/// is killed between two of them and whose answer is lost, a seed decides.
struct PiecesSimulation {
    private static let publishers = 3
    private static let readers = 2
    private static let entity = EntityName(schema: "public", table: "events")
    /// Bytes of a piece, so that maps have one to seven.
    private static let pieceSize = 160

    private struct Seen {
        var attempted: Set<SimulatedKeys.Header> = []
        /// What a publisher was told to be published, and the version that it replaced.
        var acknowledged: [(header: SimulatedKeys.Header, replaced: Int64?)] = []
        var read = 0
        var complaints: [String] = []
    }

    private final class Observed: Sendable {
        let state = Mutex(Seen())
    }

    struct Result {
        var violations: [String]
        var published: Int
        var read: Int
        var lostCommits: Int
        var killed: Int
        var unheard: Int
    }

    private let seed: UInt64
    private let keys: SimulatedKeys

    init(seed: UInt64, _ breakage: SimulatedKeys.Breakage? = nil) {
        self.seed = seed
        keys = SimulatedKeys(breakage)
    }

    func run() async -> Result {
        let seen = Observed()
        let gate = Gate(tasks: Self.publishers + Self.readers)
        var random = SplitMix64(seed: seed)
        var (killed, unheard) = (0, 0)
        await withDiscardingTaskGroup { group in
            for id in 0..<Self.publishers + Self.readers {
                let own = SplitMix64(seed: random.next())
                group.addTask {
                    if id < Self.publishers {
                        await publish(as: id, gate, seen, own)
                    } else {
                        await read(as: id, gate, seen)
                    }
                    gate.leave()
                }
            }
            while true {
                let waiting = await gate.waiting()
                guard let next = waiting.randomElement(using: &random) else { break }
                var fate = Gate.Fate.goesOn
                if next < Self.publishers, Int.random(in: 0..<50, using: &random) == 0 { fate = .dies }
                if Int.random(in: 0..<50, using: &random) == 0 { fate = .hearsNothing }
                if fate == .dies { killed += 1 }
                if fate == .hearsNothing { unheard += 1 }
                gate.release(next, fate)
            }
        }
        await settle()
        let result = seen.state.withLock(\.self)
        return Result(
            violations: keys.violations + result.complaints + contradictions(result),
            published: result.acknowledged.count,
            read: result.read,
            lostCommits: keys.lostCommits,
            killed: killed,
            unheard: unheard
        )
    }

    private func maps(_ id: Int, _ gate: Gate) -> ChunkedMaps {
        ChunkedMaps(
            SimulatedClient(id: id, gate: gate, keys: keys),
            prefix: "",
            logger: Logger(label: "simulated", factory: { _ in SwiftLogNoOpLogHandler() }),
            chunkSize: Self.pieceSize
        )
    }

    private static func map(_ random: inout SplitMix64, after version: Int64) throws(PartitionMapError) -> PublishedMap
    {
        let days = Int64.random(in: 1...9, using: &random)
        let entries = (0..<days).map { day in
            PartitionMapDocument.Entry(
                schema: "public",
                name: "events_\(day)",
                // Many begin with the same bytes and go on with others.
                state: day == days - 1 && Bool.random(using: &random) ? .draining : .active,
                bound: .range(.date(day * 86_400_000_000), .date((day + 1) * 86_400_000_000))
            )
        }
        return try PublishedMap(
            document: try PartitionMapDocument(
                table: entity,
                key: [.init(columns: ["day"], types: ["date"], strategy: .range)],
                entries: entries
            ),
            version: version + 1,
            origin: MapOrigin(systemIdentifier: "7", database: "app", timeline: 1, lsn: .init(rawValue: 1))
        )
    }

    /// Publishes over what it finds; when it is killed, another process begins in its place.
    private func publish(as id: Int, _ gate: Gate, _ seen: Observed, _ random: SplitMix64) async {
        var random = random
        let maps = maps(id, gate)
        for _ in 0..<12 {
            do {
                let replaced = try await maps.load(Self.entity, .header, expecting: nil)?.header
                let map = try Self.map(&random, after: replaced?.version ?? 0)
                let header = SimulatedKeys.Header(version: map.header.version, checksum: map.header.checksum)
                seen.state.withLock { _ = $0.attempted.insert(header) }
                guard try await maps.publish(map, replacing: replaced) == .published else { continue }
                seen.state.withLock { $0.acknowledged.append((header, replaced?.version)) }
            } catch let error as RegistryError where error.code == .corrupt {
                seen.state.withLock { $0.complaints.append("a publisher finds \(error.message)") }
            } catch {
                continue
            }
        }
    }

    private func read(as id: Int, _ gate: Gate, _ seen: Observed) async {
        let maps = maps(id, gate)
        var last: Int64 = 0
        for _ in 0..<30 {
            do throws(RegistryError) {
                guard let found = try await maps.load(Self.entity, .document, expecting: nil) else { continue }
                let header = SimulatedKeys.Header(version: found.header.version, checksum: found.header.checksum)
                seen.state.withLock { seen in
                    seen.read += 1
                    if !seen.attempted.contains(header) { seen.complaints.append("nobody published \(header)") }
                    if header.version < last { seen.complaints.append("\(header.version) is read after \(last)") }
                }
                last = header.version
            } catch {
                guard error.code == .corrupt else { continue }
                seen.state.withLock { $0.complaints.append("a reader finds \(error.message)") }
            }
        }
    }

    /// Two publishes by somebody whom nothing befalls, after which there are these two versions and nothing else.
    private func settle() async {
        let gate = Gate(tasks: 1)
        async let last: Void = {
            var random = SplitMix64(seed: seed)
            let maps = maps(0, gate)
            for _ in 0..<2 {
                let replaced = try? await maps.load(Self.entity, .header, expecting: nil)?.header
                guard let map = try? Self.map(&random, after: replaced?.version ?? 0) else { continue }
                _ = try? await maps.publish(map, replacing: replaced)
            }
            gate.leave()
        }()
        while let next = await gate.waiting().first { gate.release(next, .goesOn) }
        await last
    }

    private func contradictions(_ seen: Seen) -> [String] {
        var found: [String] = []
        let headers = keys.headers
        for (header, replaced) in seen.acknowledged {
            guard let index = headers.firstIndex(of: header) else {
                found.append("version \(header.version) was acknowledged, and never stood there")
                continue
            }
            if (index == 0 ? nil : headers[index - 1].version) != replaced {
                found.append("version \(header.version) replaced another one than it was made from")
            }
        }
        let left = keys.versions
        if left != Set(headers.suffix(2).map(\.version)) { found.append("pieces are left of \(left.sorted())") }
        return found
    }
}
