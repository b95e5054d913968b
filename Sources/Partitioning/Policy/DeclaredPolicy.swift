// SPDX-License-Identifier: Apache-2.0
// Part of partition-cli. See LICENSE and CONTRIBUTING.md.

/// What somebody wrote down about one table: its grid isn't read off its partitions then.
package struct DeclaredPolicy: Hashable, Codable, Sendable {
    /// Where the parts of it stand, for messages, for example `partitions.yaml:12:3`.
    package struct Places: Hashable, Codable, Sendable {
        package var table: String
        package var column: String
        package var period: String
        package var timeZone: String

        package init(table: String, column: String, period: String, timeZone: String) {
            self.table = table
            self.column = column
            self.period = period
            self.timeZone = timeZone
        }
    }

    package var table: RelationName
    /// The one column of the partition key, as the catalog has it.
    package var column: String
    package var period: Period
    /// Local time from which the grid counts; nil for ``Period/standardAnchor``.
    package var anchor: CivilDateTime?
    /// The zone whose midnights are bounds, and in which "now" is read for keys without a zone; a name of `pg_timezone_names`.
    package var timeZone: String
    /// nil for ``NamePattern/standard(for:)``.
    package var names: NamePattern?
    /// How far ahead of now partitions must exist; a minute or more.
    package var buffer: Buffer
    /// Whether a default partition may be there; where not, one that is there is reported.
    package var allowsDefaultPartition: Bool
    package var places: Places

    package init(
        table: RelationName,
        column: String,
        period: Period,
        anchor: CivilDateTime? = nil,
        timeZone: String = "UTC",
        names: NamePattern? = nil,
        buffer: Buffer,
        allowsDefaultPartition: Bool = true,
        places: Places
    ) {
        self.table = table
        self.column = column
        self.period = period
        self.anchor = anchor
        self.timeZone = timeZone
        self.names = names
        self.buffer = buffer
        self.allowsDefaultPartition = allowsDefaultPartition
        self.places = places
    }

    /// The policy to grow the table by, or why this one doesn't fit it.
    ///
    /// Partitions that lie off the grid are no obstacle: gaps between them and after them are filled along the grid.
    package func policy(
        for table: PartitionedTable,
        in snapshot: CatalogSnapshot
    ) -> Result<GrowthPolicy, LeftAlone> {
        if let left = mismatch(with: table) ?? PolicyInference.obstacle(to: table, for: snapshot.server.role) {
            return .failure(left)
        }
        guard let zone = snapshot.declaredZones[timeZone] else {
            return .failure(
                LeftAlone(
                    .policyMismatch,
                    "\(places.timeZone): the server knows no time zone \"\(timeZone)\"",
                    remedy: "write a name of pg_timezone_names, for example Europe/Paris"
                )
            )
        }
        let timeline: Timeline = table.key.first?.type == .timestamptz ? .zoned(zone) : .civil
        let grid = Grid(period: period, anchor: anchor ?? period.standardAnchor, timeline: timeline)
        return .success(
            GrowthPolicy(
                grid: grid,
                zone: zone,
                names: names ?? .standard(for: period),
                buffer: buffer
            )
        )
    }

    /// Why it can't be meant for this table, or nil.
    private func mismatch(with table: PartitionedTable) -> LeftAlone? {
        if let left = PolicyInference.unsupportedKind(of: table) { return left }
        guard let key = table.key.first, let actual = key.column else { return nil }
        guard actual == column else {
            return LeftAlone(
                .policyMismatch,
                "\(places.column): it is partitioned by the column \(actual), and the policy says \(column)",
                remedy: "write \"range: \(actual)\""
            )
        }
        guard key.type != .date || period.isCalendar else {
            return LeftAlone(
                .policyMismatch,
                "\(places.period): its key is a date, which has no parts of days, and the policy says every \(period)",
                remedy: "write \"every: day\" or longer"
            )
        }
        return nil
    }

    /// Of a table that isn't there.
    ///
    /// - Parameter tables: those that are, for what may have been meant.
    package func missing(among tables: [PartitionedTable]) -> LeftAlone {
        let nearest = NearestWord.to(table.description, among: tables.map(\.name.description))
        return LeftAlone(
            .notFound,
            "\(places.table): there is no partitioned table of this name in the database",
            remedy: nearest.map { "\($0) may be meant; otherwise take the table out of the policy" }
                ?? "check its schema and spelling, or take it out of the policy"
        )
    }
}
