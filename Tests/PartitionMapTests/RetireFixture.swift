// SPDX-License-Identifier: Apache-2.0
// Part of partition-cli. See LICENSE and CONTRIBUTING.md.

import PartitionMap

/// A table of two months, of which the first is to be retired.
enum RetireFixture {
    static let november = EntityName(schema: "public", table: "events_2026_11")
    static let minute: Int64 = 60_000_000
    /// Some moment; nothing depends on which.
    static let noon: Int64 = 20_758 * microsecondsPerDay + 720 * minute
    static let origin = origin()

    static func origin(
        cluster: String = "7",
        database: String = "app",
        timeline: Int64 = 1,
        lsn: UInt64 = 100
    ) -> MapOrigin {
        MapOrigin(
            systemIdentifier: cluster,
            database: database,
            timeline: timeline,
            lsn: LogSequenceNumber(rawValue: lsn)
        )
    }

    /// - Parameters:
    ///   - state: of November; nil for a map without it.
    ///   - keptUntil: a promise for both months.
    static func map(
        _ state: PartitionMapDocument.State?,
        version: Int64 = 5,
        keptUntil: Int64? = nil,
        origin: MapOrigin = origin
    ) throws(PartitionMapError) -> PublishedMap {
        var entries: [PartitionMapDocument.Entry] = []
        let (first, second) = (20_758 * microsecondsPerDay, december)
        if let state { entries.append(entry(november.table, .range(.date(first), .date(second)), state: state)) }
        entries.append(entry("events_2026_12", .range(.date(second), .date(second + 31 * microsecondsPerDay))))
        return try PublishedMap(
            document: PartitionMapDocument(
                table: EntityName(schema: "public", table: "events"),
                key: dateKey,
                keep: keptUntil.map { PartitionMapDocument.KeepPromise(from: .date(first), until: $0) },
                entries: entries
            ),
            version: version,
            origin: origin
        )
    }

    static func subject(
        _ mark: RetireMark?,
        promisedUntil: Int64? = nil,
        origin: MapOrigin = origin
    ) -> RetireProtocol.Subject {
        RetireProtocol.Subject(partition: november, origin: origin, mark: mark, promisedUntil: promisedUntil)
    }

    static func clocks(_ server: Int64, client: Int64? = nil) -> RetireClocks {
        RetireClocks(server: server, client: client ?? server)
    }

    /// A mark as the steps leave it behind.
    static func mark(seen version: Int64? = nil, at: Int64 = noon, keptUntil: Int64? = nil) -> RetireMark {
        RetireMark(
            drainingSince: noon,
            sighting: version.map { RetireMark.Sighting(version: $0, lsn: origin.lsn, at: at) },
            keptUntil: keptUntil
        )
    }
}
