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
    private let entity: EntityName

    init(_ entity: EntityName, whenStale: WhenStale, seed: UInt64) {
        self.entity = entity
        self.whenStale = whenStale
        (feed, reader) = Self.process(entity, whenStale, seed)
    }

    mutating func restart(seed: UInt64) {
        (feed, reader) = Self.process(entity, whenStale, seed)
        life += 1
        highest = 0
        header = nil
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
