// SPDX-License-Identifier: Apache-2.0
// Part of partition-cli. See LICENSE and CONTRIBUTING.md.

/// Gives each new partition of one table a name that is free, and says where the first choice was not.
struct PartitionNamer {
    /// Names tried for one partition before the last, never occupied in practice, is taken anyway.
    private static let attempts = 20

    private let table: PartitionedTable
    private let policy: GrowthPolicy
    private let occupants: [RelationName: NameOccupant]
    private var taken: Set<RelationName>
    /// The names given so far.
    private(set) var chosen: Set<RelationName> = []
    private(set) var findings: [Finding] = []

    /// - Parameters:
    ///   - occupants: relations that the catalog has under names which an earlier plan wanted.
    ///   - claimed: names that the same plan gives to partitions of other tables.
    init(
        table: PartitionedTable,
        policy: GrowthPolicy,
        occupants: [RelationName: NameOccupant],
        claimed: Set<RelationName> = []
    ) {
        self.table = table
        self.policy = policy
        self.occupants = occupants
        taken = claimed.union(table.partitions.map(\.name))
    }

    /// A free name in the parent's schema, or that of an adoptable table, with its oid.
    mutating func name(for range: KeyRange) -> (name: RelationName, adopted: UInt32?) {
        let base = baseName(for: range)
        var name = RelationName(schema: table.name.schema, name: base)
        var adopted: UInt32?
        for attempt in 0..<Self.attempts {
            name.name = IdentifierName.disambiguated(base, attempt: attempt)
            if taken.contains(name) { continue }
            guard let occupant = occupants[name] else { break }
            switch occupant.adoptable {
            case .yes: adopted = occupant.oid
            case .no(let why): findings.append(occupied(name, why))
            }
            if adopted != nil { break }
        }
        taken.insert(name)
        chosen.insert(name)
        return (name, adopted)
    }

    private func occupied(_ name: RelationName, _ why: String) -> Finding {
        Finding(
            .warning,
            .nameOccupied,
            table: table.name,
            object: name.description,
            "the name \(name) is taken by another relation that can't become the partition: \(why)",
            remedy: "the partition gets another name; rename or drop \(name) if it is a leftover"
        )
    }

    /// The pattern's name for a whole cell of the grid, or one that shows both bounds for a part of a cell.
    private func baseName(for range: KeyRange) -> String {
        let index = policy.grid.index(containing: range.lower)
        if policy.grid.range(index) == range,
            let name = policy.names.name(table: table.name.name, grid: policy.grid, index: index)
        {
            return name
        }
        let suffix = "_" + stamp(range.lower) + "_" + stamp(range.upper)
        return IdentifierName.truncated(table.name.name + suffix, suffixKept: suffix)
    }

    /// `20261101`, or `20261101T063000` away from midnight.
    private func stamp(_ coordinate: Int64) -> String {
        let time = policy.civil(coordinate)
        let date = Self.digits(time.date.year, 4) + Self.digits(time.date.month, 2) + Self.digits(time.date.day, 2)
        if time.isMidnight { return date }
        return date + "t" + Self.digits(time.hour, 2) + Self.digits(time.minute, 2) + Self.digits(time.second, 2)
    }

    private static func digits(_ value: Int, _ width: Int) -> String {
        let text = String(abs(value))
        return (value < 0 ? "m" : "") + String(repeating: "0", count: max(0, width - text.count)) + text
    }
}
