// SPDX-License-Identifier: Apache-2.0
// Part of partition-cli. See LICENSE and CONTRIBUTING.md.

/// Which time zone the bounds of a `timestamptz` table follow.
///
/// Only what the caller said, or the bounds themselves, may decide: a session's TimeZone must never move a bound.
/// UTC comes first; a table whose bounds aren't UTC midnights needs the zones in which they are local midnights.
package enum ZoneChoice {
    /// The bounds to look for in the server's time zones, or nil where no search is needed.
    ///
    /// - Parameter table: any partitioned table; only those with one `timestamptz` key column ever need a search.
    package static func boundsNeedingZone(of table: PartitionedTable, settings: PlanSettings) -> [Instant]? {
        guard settings.timeZone == nil, PolicyInference.unsupportedKind(of: table) == nil,
            table.key.first?.type == .timestamptz
        else { return nil }
        let ranges = PolicyInference.ranges(of: table).map(\.range)
        if case .success(let match) = GridInference.infer(ranges: ranges, timelines: [.zoned(.utc)]),
            explainsAll(match.grid, ranges)
        {
            return nil
        }
        let bounds = finiteBounds(ranges)
        return bounds.isEmpty ? nil : Set(bounds).sorted().map(Instant.init(microseconds:))
    }

    /// Whether a grid in UTC leaves nothing to a zone: a grid of days or longer must have every bound at midnight. The newest ones alone don't
    /// tell: in winter London's midnights are UTC's.
    static func explainsAll(_ grid: Grid, _ ranges: [KeyRange]) -> Bool {
        guard grid.period.isCalendar else { return true }
        return finiteBounds(ranges).allSatisfy { CivilDateTime(microseconds: $0).isMidnight }
    }

    private static func finiteBounds(_ ranges: [KeyRange]) -> [Int64] {
        ranges.flatMap { [$0.lower, $0.upper] }.filter { $0 != Int64.min && $0 != Int64.max }
    }

    /// Whether a grid of days or longer begins at midnight; in a foreign zone it begins at some odd hour.
    static func isAligned(_ grid: Grid) -> Bool {
        !grid.period.isCalendar || grid.anchor.isMidnight
    }

    /// The one zone that fits, or why none was chosen.
    ///
    /// Zones that give the same bounds throughout the planned range and a year beyond are the same answer; the first by name
    /// then stands for all. The session's zone is only a hint for people: as an answer it would make two roles publish maps that differ.
    static func choose(
        among grids: [Grid],
        suggesting sessionZone: String,
        planned: KeyRange
    ) -> Result<Grid, LeftAlone> {
        let year: Int64 = 366 * 86_400_000_000
        let horizon = planned.upper > Int64.max - year ? planned.upper : planned.upper + year
        var classes: [[Int64]: [Grid]] = [:]
        for grid in grids {
            classes[bounds(of: grid, from: planned.lower, to: horizon), default: []].append(grid)
        }
        let names = grids.compactMap(\.timeline.zoneName).sorted()
        guard let only = classes.first?.value, classes.count == 1 else {
            let shown = names.prefix(5).joined(separator: ", ") + (names.count > 5 ? ", …" : "")
            let hint = names.contains(sessionZone) ? sessionZone : names.first ?? "UTC"
            return .failure(
                LeftAlone(
                    .ambiguousZone,
                    "its bounds are local midnights in \(names.count) time zones that differ within the next year (\(shown))",
                    remedy: "say which one is meant, for example --timezone=\(hint)"
                )
            )
        }
        // On the other side of the date line the same bounds are midnights of the day before, and months begin on the 31st there.
        let standard = only.filter { $0.anchor == $0.period.standardAnchor }
        let natural = standard.isEmpty ? only : standard
        let chosen = natural.min { ($0.timeline.zoneName ?? "") < ($1.timeline.zoneName ?? "") }
        return chosen.map(Result.success) ?? .failure(LeftAlone(.notInferable, "no time zone fits its bounds"))
    }

    private static func bounds(of grid: Grid, from lower: Int64, to upper: Int64) -> [Int64] {
        var result: [Int64] = []
        var index = grid.index(containing: lower)
        while let bound = grid.boundary(index), bound < upper {
            result.append(bound)
            index += 1
        }
        return result
    }
}
