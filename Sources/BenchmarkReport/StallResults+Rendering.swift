// SPDX-License-Identifier: Apache-2.0
// Part of partition-cli. See LICENSE and CONTRIBUTING.md.

extension StallResults {
    /// Milliseconds by which our longest bystander wait may exceed the baseline's.
    package static let allowance = 50.0

    /// Ours against the baseline of the same run, in every situation.
    package var verdicts: [Verdict] {
        var excesses: [(situation: Situation, value: Double)] = []
        var isComplete = true
        var errors = 0
        for situation in situations {
            guard let ours = cell(situation, .ours), let baseline = cell(situation, .nobody) else { continue }
            excesses.append((situation, ours.longestWait - baseline.longestWait))
            isComplete = isComplete && ours.isComplete
            errors += ours.errors
        }
        let worst = excesses.max { $0.value < $1.value }
        let evidence = worst.map {
            "at the worst \($0.value < 0 ? "" : "+")\(Figure.milliseconds($0.value)) ms (\(title(of: $0.situation)))"
        }
        return [
            Verdict(
                claim:
                    "the longest wait beside partition-cli is at most \(Int(Self.allowance)) ms longer than the baseline's, in every situation",
                isMet: !excesses.isEmpty && excesses.allSatisfy { $0.value <= Self.allowance },
                evidence: evidence ?? "nothing was measured"
            ),
            Verdict(
                claim: "partition-cli made every partition, and no bystander got an error beside it",
                isMet: isComplete && errors == 0,
                evidence: isComplete ? "\(errors) errors" : "partitions are missing"
            ),
        ]
    }

    package func title(of situation: Situation) -> String {
        let rows = Figure.decimal(Double(defaultRows), digits: 0)
        let table =
            switch situation.defaultPartition {
            case .none: "no default partition"
            case .empty: "a small default partition"
            case .big: "\(rows) rows in the default partition"
            }
        return situation.hasReader ? "\(table), a reader of \(readerSeconds) s" : "\(table), quiet"
    }

    package var chart: BarChart {
        BarChart(
            title: "Longest wait of a bystander while partitions are made",
            subtitle:
                "\(rate) inserts and \(rate) queries per second; waits count from when a request was due; logarithmic",
            groups: situations.map { situation in
                BarChart.Group(
                    title: title(of: situation).capitalizedFirst,
                    bars: Contender.allCases.enumerated().compactMap { index, contender in
                        cell(situation, contender).map { cell in
                            BarChart.Bar(
                                label: contender.label,
                                value: cell.longestWait,
                                remark: contender == .nobody || cell.isComplete ? "" : "made \(cell.madeOfWanted)",
                                series: index
                            )
                        }
                    }
                )
            }
        )
    }

    /// - Parameter picture: the plot's path, from the document.
    package func markdown(picture: String) -> String {
        var text = verdicts.map(\.line).joined(separator: "\n") + "\n"
        text += "![Longest wait of a bystander, by situation and contender](\(picture))\n"
        for situation in situations { text += "\n\(title(of: situation).capitalizedFirst):\n\n" + table(situation) }
        text += "\n" + circumstances.line
        return text
    }

    private func table(_ situation: Situation) -> String {
        var table = MarkdownTable([
            ("", .left), ("writers p50", .right), ("p99", .right), ("p99.9", .right), ("longest", .right),
            ("readers p50", .right), ("p99", .right), ("p99.9", .right), ("longest", .right),
            ("against baseline", .right), ("errors", .right), ("made", .left), ("took", .right),
        ])
        let baseline = cell(situation, .nobody)?.longestWait
        for contender in Contender.allCases {
            guard let cell = cell(situation, contender) else { continue }
            let difference = baseline.map { cell.longestWait - $0 } ?? 0
            let figures = [cell.writers, cell.readers].flatMap { [$0.p50, $0.p99, $0.p999, $0.longest] }
            table.row(
                [contender.label] + figures.map(Figure.milliseconds)
                    + (contender == .nobody
                        ? ["", "\(cell.errors)", "", ""]
                        : [
                            (difference < 0 ? "" : "+") + Figure.milliseconds(difference), "\(cell.errors)",
                            cell.madeOfWanted + (cell.outcome.isEmpty ? "" : " (\(cell.outcome))"),
                            "\(Figure.decimal(cell.duration.median, digits: 1)) s",
                        ])
            )
        }
        return table.text
    }
}

extension StallResults.Cell {
    /// `2 of 2`; with several repetitions that differ, each.
    package var madeOfWanted: String {
        let different = Set(made).sorted()
        return different.map(String.init).joined(separator: " or ") + " of \(wanted)"
    }
}

extension String {
    fileprivate var capitalizedFirst: String { prefix(1).uppercased() + dropFirst() }
}
