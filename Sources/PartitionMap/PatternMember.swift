// SPDX-License-Identifier: Apache-2.0
// Part of partition-cli. See LICENSE and CONTRIBUTING.md.

/// One member of the sorted set that the pattern's own clients read.
package struct PatternMember: Sendable, Hashable {
    /// JSON with `name`, `start` and `end` first.
    package let json: [UInt8]
    /// For a range of dates `YYYYMMDD` of its start plus the elapsed share of that local day. No order rests on it.
    package let score: Double
    /// The partition's name, as the pattern's message carries it.
    package let name: String
}

extension PartitionMapDocument {
    /// The active ranges of a key with one column and one level that have both bounds; others the pattern can't say.
    package var patternMembers: [PatternMember] {
        guard key.count == 1 else { return [] }
        return entries.compactMap { entry in
            guard entry.state == .active, case .range(let start, let end)? = entry.path.first, start.count == 1,
                end.count == 1, let score = start[0].patternScore, end[0].patternScore != nil
            else { return nil }
            let json = DocumentCoding.json(entry, key)
            let members = ["name", "start", "end", "schema", "from", "to"].compactMap { name in
                json[name].map { JSONValue.Member(key: name, value: $0) }
            }
            var bytes: [UInt8] = []
            JSONValue.object(members).write(to: &bytes, sortingKeys: false)
            return PatternMember(json: bytes, score: score, name: entry.name)
        }
    }
}

extension PartitionMapDocument.RangeDatum {
    /// Nil for a value that isn't finite: `date.fromisoformat` knows no infinity.
    fileprivate var patternScore: Double? {
        switch self {
        case .minValue, .maxValue, .date(.min), .date(.max), .timestamp(.min), .timestamp(.max), .instant(.min, _),
            .instant(.max, _):
            nil
        case .integer(let value): Double(value)
        case .text: 0
        case .date(let civil), .timestamp(let civil): Self.patternScore(civil)
        case .instant(let microseconds, let offset):
            Self.patternScore(microseconds + Int64(offset) * CivilTime.microsecondsPerSecond)
        }
    }

    private static func patternScore(_ civil: Int64) -> Double {
        let (day, microsecondOfDay) = CivilTime.split(civil)
        let (year, month, dayOfMonth) = CivilTime.date(day: day)
        let share = Double(microsecondOfDay) / Double(CivilTime.microsecondsPerDay)
        return Double(year * 10_000 + month * 100 + dayOfMonth) + share
    }
}
