// SPDX-License-Identifier: Apache-2.0
// Part of partition-cli. See LICENSE and CONTRIBUTING.md.

/// A first run, which makes many partitions, against the same statements sent by psql.
package struct ThroughputResults: Codable, Hashable, Sendable {
    /// What makes the partitions.
    package enum Contender: String, Codable, CaseIterable, Sendable {
        case ours, everyStatement, changesAlone, byHand

        package var label: String {
            switch self {
            case .ours: "partition-cli rotate"
            case .everyStatement: "psql: every statement of the run"
            case .changesAlone: "psql: its changes alone"
            case .byHand: "psql: the least by hand"
            }
        }
    }

    package struct Row: Codable, Hashable, Sendable {
        package var contender: Contender
        /// Seconds, of the whole process.
        package var seconds: Samples
        /// Seconds of processor time: of the program, and of the server's process for it.
        package var client: Samples
        package var server: Samples
        /// Messages to the server, which are round trips.
        package var messages: Int

        package init(contender: Contender, seconds: Samples, client: Samples, server: Samples, messages: Int) {
            self.contender = contender
            self.seconds = seconds
            self.client = client
            self.server = server
            self.messages = messages
        }
    }

    package var circumstances: Circumstances
    package var tables: Int
    package var partitions: Int
    package var rows: [Row]

    package init(circumstances: Circumstances, tables: Int, partitions: Int, rows: [Row]) {
        self.circumstances = circumstances
        self.tables = tables
        self.partitions = partitions
        self.rows = rows
    }

    /// What the median of ours may be, of the median of psql's with the same statements.
    package static let allowance = 1.3
    /// Messages that a run may send for a partition, its looks at locks and catalog included: what it reads for no good would be in the replay too.
    package static let messagesAllowed = 5.0

    private func row(_ contender: Contender) -> Row? { rows.first { $0.contender == contender } }

    /// How many times as long ours took, by the medians; nil where something wasn't measured.
    package func ratio(to contender: Contender) -> Double? {
        guard let ours = row(.ours)?.seconds.median, let other = row(contender)?.seconds.median, other > 0
        else { return nil }
        return ours / other
    }

    package var verdicts: [Verdict] {
        let ratio = ratio(to: .everyStatement)
        let messages = row(.ours).map { Double($0.messages) / Double(max(1, partitions)) }
        return [
            Verdict(
                claim:
                    "a first run takes at most \(Figure.decimal(Self.allowance, digits: 1)) times as long as psql with the same statements",
                isMet: ratio.map { $0 <= Self.allowance } ?? false,
                evidence: ratio.map { "\(Figure.decimal($0, digits: 2)) times" } ?? "nothing was measured"
            ),
            Verdict(
                claim:
                    "it sends at most \(Figure.decimal(Self.messagesAllowed, digits: 0)) messages a partition, everything that it reads included",
                isMet: messages.map { $0 <= Self.messagesAllowed } ?? false,
                evidence: messages.map { Figure.decimal($0, digits: 2) } ?? "nothing was measured"
            ),
        ]
    }

    package var markdown: String {
        var table = MarkdownTable([
            ("\(Figure.decimal(Double(partitions), digits: 0)) partitions of \(tables) tables", .left),
            ("median", .right),
            ("fastest to slowest", .right), ("a partition", .right), ("processor time, client", .right),
            ("server", .right), ("messages", .right),
            ("ours against it", .right),
        ])
        for row in rows {
            let seconds = row.seconds
            let each = seconds.median * 1000 / Double(max(1, partitions))
            table.row([
                row.contender.label,
                "\(Figure.decimal(seconds.median, digits: 2)) s",
                "\(Figure.decimal(seconds.least, digits: 2)) to \(Figure.decimal(seconds.greatest, digits: 2)) s",
                "\(Figure.milliseconds(each)) ms",
                "\(Figure.decimal(row.client.median, digits: 2)) s",
                "\(Figure.decimal(row.server.median, digits: 2)) s",
                Figure.decimal(Double(row.messages), digits: 0),
                row.contender == .ours
                    ? "" : ratio(to: row.contender).map { "× \(Figure.decimal($0, digits: 2))" } ?? "",
            ])
        }
        return verdicts.map(\.line).joined(separator: "\n") + "\n" + table.text + "\n" + circumstances.line
    }
}
