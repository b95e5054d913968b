// SPDX-License-Identifier: Apache-2.0
// Part of partition-cli. See LICENSE and CONTRIBUTING.md.

import Foundation
import Partitioning
import Testing

@testable import partition_cli

@Suite("The chart of many tables")
struct CoverageChartTests {
    private static let day: Int64 = 86_400_000_000
    /// 2046-03-10 09:00 UTC.
    private static let now = Instant(microseconds: 2_404_285_200_000_000)

    /// A table of UTC days, which are counted from now.
    private func row(
        _ name: String,
        from: Int64 = -40,
        to: Int64 = 82,
        buffer: Int64 = 60,
        gap: Range<Int64>? = nil
    ) -> CoverageChart.Row {
        let now = Self.now.microseconds
        func moment(_ day: Int64) -> Int64 { day == .max ? .max : now + day * Self.day }
        let ranges =
            gap.map { [(from, $0.lowerBound), ($0.upperBound, to)] } ?? [(from, to)]
        let covered = Coverage(ranges.map { KeyRange(lower: moment($0.0), upper: moment($0.1)) })
        let end = covered.contiguousEnd(from: now)
        let required = KeyRange(lower: now, upper: moment(buffer))
        return CoverageChart.Row(
            name: RelationName(schema: "app", name: name),
            policy: GrowthPolicy(
                grid: Grid(period: .day, timeline: .zoned(.utc)),
                zone: .utc,
                names: .standard(for: .day),
                buffer: Buffer(days: Int(buffer))
            ),
            coverage: CoverageReport(
                coveredUntil: end,
                coveredUntilText: nil,
                daysRemaining: end == .max ? nil : end.map { Double($0 - now) / Double(Self.day) } ?? 0,
                requiredUntil: required.upper,
                requiredUntilText: "",
                missing: covered.gaps(within: required),
                gapsInThePast: [],
                hasDefaultPartition: false
            ),
            line: TimeLine(ranges: covered.merged, now: now, horizon: required.upper, hasDefault: false)
        )
    }

    private func chart(_ rows: [CoverageChart.Row], isWhole: Bool = false) -> CoverageChart {
        CoverageChart(rows, now: Self.now, isWhole: isWhole)
    }

    private func lines(_ chart: CoverageChart, width: Int = 120, isASCII: Bool = false) -> [String] {
        chart.page.text(Rendition(width: width, isASCII: isASCII)).split(separator: "\n").map(String.init)
    }

    private func columns(of sign: (Character) -> Bool, in line: String) -> [Int] {
        Array(line).indices.filter { sign(Array(line)[$0]) }
    }

    @Test(
        "has one scale: now, and any other moment, is in the same column of every line",
        arguments: [60, 80, 120, 140]
    )
    func sharedScale(width: Int) throws {
        let rows = [
            row("a", from: -3, to: 61), row("b", from: -400, to: 61, buffer: 50), row("c", from: 5, to: 61),
            row("d", from: -40, to: 61, buffer: 70), row("e", from: -1, to: .max),
        ]
        let lines = lines(chart(rows), width: width)
        let tables = lines.filter { $0.hasPrefix("app.") }
        #expect(tables.count == rows.count)
        let here = try #require(columns(of: { $0 == "▼" }, in: lines[0]).first)
        for table in tables { #expect(columns(of: { "╋┃".contains($0) }, in: table) == [here], "\(lines)") }
        // Where the coverage of all but the last ends, whatever their own buffers and ages are.
        let ends = Set(
            tables.filter { !$0.hasPrefix("app.e") }.map { columns(of: { "━┿╋".contains($0) }, in: $0).last }
        )
        #expect(ends.count == 1, "\(lines)")
        #expect(lines.filter { $0.contains("╵") }.count == 1, "one axis: \(lines)")
    }

    @Test("shows the worst first")
    func order() {
        let rows = [
            row("fine", to: 80), row("none", from: -40, to: -1), row("short", to: 20), row("endless", to: .max),
            row("shorter", to: 10), row("near", to: 9, buffer: 8), row("gap", to: 90, gap: 15..<16),
        ]
        let shown = chart(rows).shown.map(\.name.name)
        #expect(shown == ["none", "shorter", "gap", "short", "near", "fine", "endless"])
    }

    @Test("folds what is covered where there are many, and says until when at least")
    func fold() throws {
        let rows = (0..<50).map { row("t\($0)", to: 70 + Int64($0)) } + [row("short", to: 20), row("none", to: -1)]
        let chart = chart(rows)
        #expect(chart.shown.count == CoverageChart.usualLimit)
        #expect(chart.shown.prefix(2).map(\.name.name) == ["none", "short"])
        let line = try #require(lines(chart).first { $0.hasPrefix("and ") })
        // The first 28 of the others are shown: those that end on days 70 to 97.
        #expect(line == "and 22 more, all covered until at least 2046-06-16 09:00:00 (98.0 days); --all shows them")
        #expect(
            chart.summary.text.hasPrefix(
                "52 tables: 1 has no partition for now, 1 is covered for less than its buffer, 50 "
            )
        )
        #expect(self.chart(rows, isWhole: true).shown.count == 52)
        #expect(!lines(self.chart(rows, isWhole: true)).contains { $0.hasPrefix("and ") })
    }

    @Test(
        "never folds a table that isn't covered as it must be, however many there are",
        arguments: [10, 29, 30, 31, 90]
    )
    func neverLost(count: Int) {
        let rows =
            (0..<40).map { row("fine\($0)") }
            + (0..<Int64(count)).map {
                switch $0 % 3 {
                case 0: row("bad\($0)", to: -1)
                case 1: row("bad\($0)", to: 30)
                default: row("bad\($0)", to: 90, gap: 58..<59)
                }
            }
        let chart = chart(rows)
        #expect(chart.shown.filter { $0.name.name.hasPrefix("bad") }.count == count)
        #expect(!chart.folded.contains { !$0.coverage.isComplete })
        #expect(chart.shown.count + chart.folded.count == rows.count)
    }

    @Test("folds no single table: the line that says so takes as much room")
    func single() {
        #expect(chart((0..<31).map { row("t\($0)") }).folded.isEmpty)
        #expect(chart((0..<32).map { row("t\($0)") }).folded.count == 2)
    }

    @Test("leaves room for the many where few have a long buffer, but not where something is missing in these")
    func longBuffer() {
        let usual = (0..<9).map { row("t\($0)") }
        let wide = chart(usual + [row("yearly", from: -800, to: 300, buffer: 290)])
        let text = lines(wide)
        #expect(text.first { $0.hasPrefix("app.yearly") }?.contains("▸") == true, "\(text)")
        #expect(text.last?.contains("▸ goes on") == true)
        #expect(wide.shown.first { $0.name.name == "yearly" }.map { $0.line.window.upper < $0.line.horizon } == true)
        let missing = chart(usual + [row("yearly", from: -800, to: 250, buffer: 290)])
        #expect(missing.shown.first.map { $0.line.window.upper >= $0.line.horizon } == true)
    }

    @Test("a gap is seen however short it is, also under the marks")
    func shortGap() {
        for gap in [0..<1, 10..<11, 59..<60] as [Range<Int64>] {
            let lines = lines(chart([row("whole"), row("gap", from: -40, to: 82, gap: gap)]), width: 80)
            let signs = lines.first { $0.hasPrefix("app.gap") }?.filter { "╌┃│".contains($0) } ?? ""
            let usual = lines.first { $0.hasPrefix("app.whole") }?.filter { "╌┃│".contains($0) } ?? ""
            #expect(signs.count > usual.count, "\(gap): \(lines)")
        }
    }

    @Test(
        "fits terminals of any width, with names of any, and is ASCII where it must be",
        arguments: [20, 30, 40, 57, 80, 120, 200]
    )
    func widths(width: Int) {
        let rows = [
            row("注文履歴のとても長い名前の表である", to: 20), row("t"), row(String(repeating: "long_", count: 12)),
            row("e\u{301}\u{1F600}", to: .max),
        ]
        for isASCII in [false, true] {
            let chart = chart(rows)
            for line in lines(chart, width: width, isASCII: isASCII) where line.contains("app") || line.contains("╵") {
                #expect(DisplayWidth.of(line) <= width, "\(line)")
            }
            let lines = lines(chart, width: width, isASCII: isASCII)
            #expect(lines.filter { $0.hasPrefix("app") }.count == rows.count, "a line each: \(lines)")
        }
        let ascii = lines(chart([row("a"), row("b", to: 10)]), width: 80, isASCII: true)
        #expect(ascii.allSatisfy { $0.utf8.allSatisfy { $0 < 0x80 } }, "\(ascii)")
    }

    @Test("an axis has its moments where the lines have them, and labels that don't run into each other")
    func axis() throws {
        for (past, future) in [(1.0, 3.0), (30, 60), (40, 85), (400, 800), (9000, 40_000), (0.1, 0.2)] {
            let line = TimeLine(
                ranges: [
                    KeyRange(
                        lower: Self.now.microseconds - Int64(past * Double(Self.day)),
                        upper: Self.now.microseconds + Int64(future * Double(Self.day))
                    )
                ],
                now: Self.now.microseconds,
                horizon: Self.now.microseconds + Int64(future * Double(Self.day)),
                hasDefault: false
            )
            for count in [16, 29, 60, 100] {
                let text = TimeAxis(scale: TimeScale(line), now: Self.now.microseconds).line(count)
                #expect(text.count <= count)
                for label in text.split(separator: "╵").map({ $0.trimmingCharacters(in: .whitespaces) })
                where !label.isEmpty {
                    #expect(Self.lengths.contains(label.count), "\(text)")
                }
            }
        }
        let months = TimeAxis(scale: TimeScale(row("t").line), now: Self.now.microseconds).line(60)
        let april = try #require(CivilDateTime(parsing: "2046-04-01"))
        let place = try #require(months.range(of: "╵2046-04"))
        let column = row("t").line.column(of: april.microseconds, of: 60)
        #expect(months.distance(from: months.startIndex, to: place.lowerBound) == column)
    }

    /// Of years, months, days, and minutes.
    private static let lengths = [4, 7, 10, 16]
}
