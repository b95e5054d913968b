// SPDX-License-Identifier: Apache-2.0
// Part of partition-cli. See LICENSE and CONTRIBUTING.md.

import Partitioning
import Testing

@testable import partition_cli

@Suite("Lines of time")
struct TimeLineTests {
    private func line(
        _ ranges: [(Int64, Int64)],
        now: Int64 = 1000,
        horizon: Int64 = 2000,
        hasDefault: Bool = false
    ) -> TimeLine {
        TimeLine(
            ranges: ranges.map { KeyRange(lower: $0.0, upper: $0.1) },
            now: now,
            horizon: horizon,
            hasDefault: hasDefault
        )
    }

    private func text(_ line: TimeLine, _ count: Int = 40) -> String { line.bar(count).map(\.text).joined() }

    @Test("what is covered is drawn through, before the oldest partition there is nothing")
    func covered() {
        let line = line([(900, 1500), (1500, 2000)])
        #expect(text(line) == "━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━╌╌")
        #expect(line.bar(40).map(\.tone) == [.added, .faint], "what isn't needed yet is no alarm")
    }

    @Test("a gap is seen however short it is")
    func shortGap() {
        let line = line([(0, 1500), (1501, 3000)])
        #expect(text(line).filter { $0 == "╌" }.count == 1)
        #expect(line.bar(40).map(\.tone) == [.added, .removed, .added])
    }

    @Test("where only the default partition takes rows it is said")
    func onlyDefault() {
        let line = line([(0, 1500)], hasDefault: true)
        #expect(text(line).hasSuffix("░░░"))
        #expect(!text(line).contains("╌"))
        #expect(line.bar(40).map(\.tone) == [.added, .changed, .faint])
    }

    @Test("now without a partition, and nothing ahead")
    func nothing() {
        let line = line([(0, 500)])
        let text = text(line)
        #expect(text.last == "╌")
        #expect(Array(text)[line.column(of: 1000, of: 40)] == "╌")
    }

    @Test("the window has the buffer, as much again where it is covered, and of the past half as much")
    func window() {
        #expect(line([(0, 1500)]).window.upper == 2040)
        #expect(line([(0, 9000)]).window.upper == 3080)
        #expect(line([(0, 9000)]).window.lower == 0)
        #expect(line([(-90000, 9000)]).window.lower == -40)
        #expect(line([(.min, .max)]).window == KeyRange(lower: -40, upper: 3080))
    }

    @Test("times at the end of what can be expressed are no crash")
    func extremes() {
        for line in [
            line([(.min, .max)], now: .max - 5, horizon: .max), line([], now: 0, horizon: .max),
            line([(.max - 1, .max)], now: .min + 1, horizon: .min + 2),
        ] { #expect(text(line, 76).count == 76) }
    }

    @Test("marks stand over their moments, and never over each other", arguments: [20, 40, 76, 116])
    func marks(count: Int) {
        for horizon: Int64 in [1001, 1100, 2000, 9000] {
            let line = line([(0, 1500)], horizon: horizon)
            let marks = Array(line.marks(count, horizon: "end of the buffer"))
            #expect(marks[line.column(of: 1000, of: count)] == "▼")
            if marks.filter({ $0 == "▼" }).count == 2 {
                #expect(marks[line.column(of: horizon, of: count)] == "▼")
            }
        }
        #expect(line([(0, 1500)]).marks(76, horizon: "end of the buffer").hasSuffix("end of the buffer ▼"))
    }

    @Test("the legend explains what is drawn, and nothing else")
    func legend() {
        #expect(TimeLine.legend([line([(0, 9000)])], 80) == ["━ covered"])
        #expect(TimeLine.legend([line([(0, 1500)])], 80) == ["━ covered", "╌ no partition"])
        #expect(
            TimeLine.legend([line([(0, 1500)], hasDefault: true)], 80) == ["━ covered", "░ only the default partition"]
        )
    }
}
