// SPDX-License-Identifier: Apache-2.0
// Part of partition-cli. See LICENSE and CONTRIBUTING.md.

import PartitionMap

let secondsPerDay: Int64 = 86_400
let microsecondsPerDay: Int64 = secondsPerDay * 1_000_000
/// 2026-11-01 and 2026-12-01, midnight UTC.
let november: Int64 = 20_758 * microsecondsPerDay
let december: Int64 = 20_788 * microsecondsPerDay

let dateKey = [PartitionMapDocument.Level(columns: ["event_ts"], types: ["date"], strategy: .range)]
let instantKey = [
    PartitionMapDocument.Level(columns: ["event_ts"], types: ["timestamp with time zone"], strategy: .range)
]

func entry(
    _ name: String,
    _ bound: PartitionMapDocument.Bound,
    state: PartitionMapDocument.State = .active
) -> PartitionMapDocument.Entry {
    PartitionMapDocument.Entry(schema: "public", name: name, state: state, bound: bound)
}

func document(
    _ key: [PartitionMapDocument.Level],
    _ entries: [PartitionMapDocument.Entry],
    timezone: String? = nil
) throws(PartitionMapError) -> PartitionMapDocument {
    try PartitionMapDocument(
        table: EntityName(schema: "public", table: "events"),
        key: key,
        timezone: timezone,
        entries: entries
    )
}

extension PartitionMapDocument {
    var text: String { String(decoding: canonicalBytes, as: UTF8.self) }
}
