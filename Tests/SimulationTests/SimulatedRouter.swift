// SPDX-License-Identifier: Apache-2.0
// Part of partition-cli. See LICENSE and CONTRIBUTING.md.

import Logging
import PartitionMap
@testable import PartitionRouter

/// A process with a router: the real feed, machine and reader, by a virtual clock.
struct SimulatedRouter {
    let whenStale: WhenStale
    private(set) var feed: MapFeed
    private(set) var reader: Reader
    /// Counts the process's lives: an answer to an earlier one is nobody's.
    private(set) var life = 0
    var isCutOff = false
    /// Stopped until then.
    var stoppedUntil: Int64 = 0
    /// Of its wall clock, in microseconds.
    var clockOffset: Int64 = 0
    /// The highest version taken in this life.
    var highest: Int64 = 0
    /// The header of the map that was taken last.
    var header: PartitionMapHeader?
    /// What it must be serving, and when the last read that found exactly that was sent: from its inputs alone.
    private(set) var served: MapIdentity?
    private(set) var confirmedAt: Int64 = 0
    /// A read was sent and isn't answered.
    var isReading = false
    /// A hint came during a read, which may have missed what the hint was about.
    var owesRead = false
    var lastAnswer: Int64 = 0
    private let entity: EntityName

    init(_ entity: EntityName, whenStale: WhenStale, seed: UInt64) {
        self.entity = entity
        self.whenStale = whenStale
        (feed, reader) = Self.process(entity, whenStale, seed)
    }

    mutating func restart(seed: UInt64, at now: Int64) {
        (feed, reader) = Self.process(entity, whenStale, seed)
        life += 1
        highest = 0
        header = nil
        served = nil
        (isReading, owesRead, lastAnswer) = (false, false, now)
    }

    func isFresh(at now: Int64) -> Bool { served != nil && now - confirmedAt < Simulation.bound }

    /// - Returns: The map that must be taken now.
    mutating func observe(_ input: ReloadInput) -> MapIdentity? {
        switch input {
        case .header(let header?, let sentAt) where MapIdentity(header) == served:
            confirmedAt = max(confirmedAt, sentAt.nanoseconds)
        case .map(let map?, let sentAt):
            let identity = MapIdentity(map.header)
            guard let served, identity.version <= served.version else {
                (served, confirmedAt) = (identity, sentAt.nanoseconds)
                return identity
            }
            if identity == served { confirmedAt = max(confirmedAt, sentAt.nanoseconds) }
        default: break
        }
        return nil
    }

    private static func process(_ entity: EntityName, _ whenStale: WhenStale, _ seed: UInt64) -> (MapFeed, Reader) {
        let feed = MapFeed(entity: entity, registry: MemoryRegistry(), listening: Turn(), seed: seed)
        let router = Router(
            feed: feed,
            whenStale: whenStale,
            logger: Logger(label: "simulation") { _ in SwiftLogNoOpLogHandler() }
        )
        return (feed, router.reader())
    }
}
