// SPDX-License-Identifier: Apache-2.0
// Part of partition-cli. See LICENSE and CONTRIBUTING.md.

import Logging
import PartitionMap
@testable import PartitionRouter

let microsecondsPerDay: Int64 = 86_400_000_000
/// 2026-11-01, midnight UTC.
let november: Int64 = 20_758 * microsecondsPerDay
let events = EntityName(schema: "public", table: "events")

let dateKey = [PartitionMapDocument.Level(columns: ["event_ts"], types: ["date"], strategy: .range)]

func entry(
    _ name: String,
    _ bound: PartitionMapDocument.Bound,
    state: PartitionMapDocument.State = .active
) -> PartitionMapDocument.Entry {
    .init(schema: "public", name: name, state: state, bound: bound)
}

/// Daily partitions `events_0`, `events_1`… from 2026-11-01 on, then what is given.
func daily(
    days: Int64 = 3,
    first: Int64 = 0,
    draining: Set<Int64> = [],
    keep: PartitionMapDocument.KeepPromise? = nil,
    table: EntityName = events,
    _ others: [PartitionMapDocument.Entry] = []
) throws -> PartitionMapDocument {
    let entries = (first..<days).map { day in
        entry(
            "events_\(day)",
            .range(
                .date(november + day * microsecondsPerDay),
                .date(november + (day + 1) * microsecondsPerDay)
            ),
            state: draining.contains(day) ? .draining : .active
        )
    }
    return try PartitionMapDocument(table: table, key: dateKey, keep: keep, entries: entries + others)
}

func day(_ number: Int64) -> Int64 { november + number * microsecondsPerDay }

func published(_ document: PartitionMapDocument, version: Int64) throws -> PublishedMap {
    try PublishedMap(
        document: document,
        version: version,
        origin: MapOrigin(
            systemIdentifier: "7000000000000000001",
            database: "app",
            timeline: 1,
            lsn: .init(rawValue: 0x1_0000_0010)
        )
    )
}

let fallback = entry("events_default", .default, state: .default)

/// A feed that nobody runs: the test says what was read, and when.
func feed(_ table: EntityName = events) -> MapFeed {
    MapFeed(entity: table, registry: MemoryRegistry(), listening: Turn())
}

extension MapFeed {
    /// As if a read that was sent so long ago had found the map.
    func take(
        _ document: PartitionMapDocument,
        version: Int64,
        secondsAgo: Int64 = 0
    ) throws {
        let now = MonotonicTime.now()
        let sentAt = now + .seconds(-secondsAgo)
        let map = try published(document, version: version)
        _ = handle(.started, at: now)
        _ = handle(.header(map.header, sentAt: sentAt), at: now)
        _ = handle(
            .map(PublishedSnapshot(header: map.header, snapshot: .of(document)), sentAt: sentAt),
            at: now
        )
    }

    func router(
        whenStale: WhenStale = .serveStable,
        onMiss: OnMiss = .throw,
        logger: Logger = .silent
    ) -> Router {
        Router(feed: self, whenStale: whenStale, onMiss: onMiss, logger: logger)
    }
}

extension Logger {
    static var silent: Logger { Logger(label: "test") { _ in SwiftLogNoOpLogHandler() } }
}

/// The reason for which something wasn't routed; nil when it was.
func reason<R>(_ body: () throws(RoutingMiss) -> R) -> RoutingMiss.Reason? {
    do throws(RoutingMiss) {
        _ = try body()
        return nil
    } catch {
        return error.reason
    }
}
