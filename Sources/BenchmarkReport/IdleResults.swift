// SPDX-License-Identifier: Apache-2.0
// Part of partition-cli. See LICENSE and CONTRIBUTING.md.

/// A run that finds nothing to do, on many tables.
package struct IdleResults: Codable, Hashable, Sendable {
    /// One way to run it.
    package struct Row: Codable, Hashable, Sendable {
        /// For example `--registry-url=none`.
        package var variant: String
        /// Seconds, of the whole process.
        package var wall: Samples
        /// Seconds of processor time: the program's, and that of the server's processes for it.
        package var ours: Samples
        package var server: Samples
        /// Bytes: the greatest resident set that the program ever had.
        package var peak: Samples

        package init(variant: String, wall: Samples, ours: Samples, server: Samples, peak: Samples) {
            self.variant = variant
            self.wall = wall
            self.ours = ours
            self.server = server
            self.peak = peak
        }
    }

    package var circumstances: Circumstances
    package var tables: Int
    package var partitionsOfEach: Int
    package var rows: [Row]

    package init(circumstances: Circumstances, tables: Int, partitionsOfEach: Int, rows: [Row]) {
        self.circumstances = circumstances
        self.tables = tables
        self.partitionsOfEach = partitionsOfEach
        self.rows = rows
    }

    /// Seconds, and millions of bytes.
    package static let allowance = (seconds: 4.0, megabytes: 200.0)

    package var verdicts: [Verdict] {
        rows.map { row in
            let peak = row.peak.greatest / 1e6
            return Verdict(
                claim:
                    "a run with nothing to do takes at most \(Figure.decimal(Self.allowance.seconds, digits: 0)) s and "
                    + "\(Figure.decimal(Self.allowance.megabytes, digits: 0)) MB (\(row.variant))",
                isMet: row.wall.median <= Self.allowance.seconds && peak <= Self.allowance.megabytes,
                evidence: "\(Figure.decimal(row.wall.median, digits: 2)) s, \(Figure.decimal(peak, digits: 0)) MB"
            )
        }
    }

    package var markdown: String {
        var table = MarkdownTable([
            ("\(Figure.decimal(Double(tables), digits: 0)) tables of \(partitionsOfEach) partitions", .left),
            ("wall, median", .right),
            ("fastest to slowest", .right), ("our processor time", .right), ("the server's", .right),
            ("peak memory", .right),
        ])
        for row in rows {
            table.row([
                row.variant,
                "\(Figure.decimal(row.wall.median, digits: 2)) s",
                "\(Figure.decimal(row.wall.least, digits: 2)) to \(Figure.decimal(row.wall.greatest, digits: 2)) s",
                "\(Figure.decimal(row.ours.median, digits: 2)) s",
                "\(Figure.decimal(row.server.median, digits: 2)) s",
                "\(Figure.decimal(row.peak.greatest / 1e6, digits: 0)) MB",
            ])
        }
        return verdicts.map(\.line).joined(separator: "\n") + "\n" + table.text + "\n" + circumstances.line
    }
}
