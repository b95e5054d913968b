// SPDX-License-Identifier: Apache-2.0
// Part of partition-cli. See LICENSE and CONTRIBUTING.md.

import PartitionMap

let microsecondsPerDay: Int64 = 86_400_000_000
/// 2026-11-01, midnight UTC.
let november: Int64 = 20_758 * microsecondsPerDay

let events = EntityName(schema: "public", table: "events")

/// A map of daily partitions from 2026-11-01 on.
func dailyDocument(_ entity: EntityName = events, days: Int = 3) throws -> PartitionMapDocument {
    let entries = (0..<Int64(days)).map { day in
        PartitionMapDocument.Entry(
            schema: entity.schema,
            name: "\(entity.table)_\(day)",
            bound: .range(
                .date(november + day * microsecondsPerDay),
                .date(november + (day + 1) * microsecondsPerDay)
            )
        )
    }
    return try PartitionMapDocument(
        table: entity,
        key: [.init(columns: ["event_ts"], types: ["date"], strategy: .range)],
        entries: entries
    )
}

func map(_ document: PartitionMapDocument, version: Int64) throws -> PublishedMap {
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

func dailyMap(_ entity: EntityName = events, days: Int = 3, version: Int64) throws -> PublishedMap {
    try map(try dailyDocument(entity, days: days), version: version)
}
