// SPDX-License-Identifier: Apache-2.0
// Part of partition-cli. See LICENSE and CONTRIBUTING.md.

extension NamePattern {
    /// The pattern that existing partitions are named after.
    ///
    /// A pattern that explains all names wins; if none does, the one that explains the most of the newest names in a
    /// row. Names of a whole other kind at the end don't hide a pattern that at least half of all names follow. Between
    /// patterns that explain the same names the more natural one wins: `{table}` rather than its text, `{mm}` rather
    /// than the digits `06`, `{mm}` after `{yyyy}` rather than before it.
    ///
    /// The newest 64 names are looked at.
    ///
    /// From a single name the choice can be too coarse for the period: ask ``isInjective(for:)``.
    ///
    /// - Parameter samples: Names of partitions and the nominal local time of their lower bounds, in any order.
    /// - Returns: `nil` if the names don't follow from the bounds.
    package static func infer(table: String, samples: [(name: String, lower: CivilDateTime)]) -> NamePattern? {
        let samples = samples.sorted { $0.lower > $1.lower }.prefix(64)
        var best: (pattern: NamePattern, newest: Int, total: Int, cost: Int)?
        var seen: Set<NamePattern> = []
        // The newest names are the ones to continue. A few of them are looked at, in case the very newest is an
        // exception.
        search: for sample in samples.prefix(4) {
            for (pattern, cost) in candidates(sample.name, table: table, lower: sample.lower)
            where seen.insert(pattern).inserted {
                // Nothing explains more than all of them: only a more natural pattern could still win.
                if let best, best.newest == samples.count, best.cost <= cost { continue }
                let explained = samples.map { pattern.explains($0.name, table: table, lower: $0.lower) }
                let newest = explained.prefix { $0 }.count
                let total = explained.count { $0 }
                guard newest > 0 || total > 1 && 2 * total >= samples.count else { continue }
                if let best, (best.newest, best.total, -best.cost) >= (newest, total, -cost) { continue }
                best = (pattern, newest, total, cost)
                // And none is more natural than this, so it is all that is looked at for nearly every table.
                if newest == samples.count, cost == 0 { break search }
            }
        }
        return best?.pattern
    }

    private static func candidates(
        _ name: String,
        table: String,
        lower: CivilDateTime
    ) -> [(pattern: NamePattern, cost: Int)] {
        var search = NamePatternSearch(table: table, name: name, lower: lower)
        guard let suffix = offsetSuffix(of: name) else { return search.candidates() }
        let base = String(decoding: name.utf8.dropLast(suffix.utf8.count), as: UTF8.self)
        var searchWithoutSuffix = NamePatternSearch(table: table, name: base, lower: lower)
        return search.candidates() + searchWithoutSuffix.candidates()
    }

    private func explains(_ name: String, table: String, lower: CivilDateTime) -> Bool {
        if self.name(table: table, lower: lower).utf8.elementsEqual(name.utf8) { return true }
        guard let suffix = Self.offsetSuffix(of: name) else { return false }
        return self.name(table: table, lower: lower, disambiguator: suffix).utf8.elementsEqual(name.utf8)
    }

    /// The offset suffix at the end of a name, `_p0100`.
    private static func offsetSuffix(of name: String) -> String? {
        for length in [6, 8] {
            let end = Array(name.utf8.suffix(length))
            guard end.count == length, end[0] == UInt8(ascii: "_"),
                end[1] == UInt8(ascii: "p") || end[1] == UInt8(ascii: "m"), end[2...].allSatisfy(ByteScanner.isDigit)
            else { continue }
            return String(decoding: end, as: UTF8.self)
        }
        return nil
    }
}
