// SPDX-License-Identifier: Apache-2.0
// Part of partition-cli. See LICENSE and CONTRIBUTING.md.

import BenchmarkReport
import Testing

@Suite("Rendering of results")
struct RenderingTests {
    @Test(
        "numbers are rounded and grouped",
        arguments: [
            (0, 0, "0"), (1234567.6, 0, "1,234,568"), (0.045, 2, "0.05"), (-12.345, 1, "-12.3"), (-0.01, 1, "0.0"),
            (999.999, 2, "1,000.00"), (3, 2, "3.00"),
        ] as [(Double, Int, String)]
    )
    func decimal(value: Double, digits: Int, text: String) {
        #expect(Figure.decimal(value, digits: digits) == text)
    }

    @Test(
        "milliseconds have as many digits as can be told apart",
        arguments: [
            (0.4, "0.40"), (-79.98, "-80.0"), (9.994, "9.99"), (9.996, "10.0"), (99.96, "100"), (8021.3, "8,021"),
        ]
            as [(Double, String)]
    )
    func milliseconds(value: Double, text: String) {
        #expect(Figure.milliseconds(value) == text)
    }

    @Test("a table's cells can't break out of it")
    func table() {
        var table = MarkdownTable([("what", .left), ("ms", .right)])
        table.row(["a|b\nc", "1"])
        #expect(table.text == "| what | ms |\n| --- | ---: |\n| a\\|b c | 1 |\n")
    }

    @Test("a part of a document is replaced between its marks, and nothing else")
    func document() {
        var document = MarkedDocument(
            "before\n<!-- stalls: written by make bench -->\nold\n<!-- /stalls -->\nafter\n<!-- /stalls -->\n"
        )
        let isReplaced = document.replace("stalls", with: "new\n")
        let isFound = document.replace("idle", with: "new\n")
        #expect(isReplaced && !isFound)
        let expected =
            "before\n<!-- stalls: written by make bench -->\n\nnew\n\n<!-- /stalls -->\nafter\n<!-- /stalls -->\n"
        #expect(document.text == expected)
        _ = document.replace("stalls", with: "new\n")
        #expect(document.text == expected)
    }

    @Test("a plot has every bar, its value and remark, with text escaped and both colour schemes")
    func plot() {
        let chart = BarChart(
            title: "waits < 1 & more",
            subtitle: "",
            groups: [
                BarChart.Group(
                    title: "quiet",
                    bars: [
                        BarChart.Bar(label: "nobody", value: 3.2, series: 0),
                        BarChart.Bar(label: "\"function\"", value: 8021, remark: "made 0 of 2", series: 1),
                    ]
                )
            ]
        )
        let text = chart.svg.document
        #expect(text.contains("<title>waits &lt; 1 &amp; more</title>"))
        #expect(text.contains(">3.20 ms</text>"))
        #expect(text.contains(">8,021 ms, made 0 of 2</text>"))
        #expect(text.contains(">&quot;function&quot;</text>"))
        #expect(text.contains("prefers-color-scheme: dark"))
        #expect(text.contains(">10 s</text>"))
        #expect(text.contains("class=\"series-0\"") && text.contains("class=\"series-1\""))
    }

    @Test("a bar is as long as its logarithm: a decade from the next")
    func scale() {
        func width(_ value: Double) -> Double? {
            let bars = [1, 1000, value].map { BarChart.Bar(label: "", value: $0, series: 0) }
            let lines = BarChart(title: "", subtitle: "", groups: [BarChart.Group(title: "", bars: bars)]).svg.document
                .split(separator: "\n").filter { $0.contains("series-0\"") && $0.contains("<rect") }
            return lines.last?.split(separator: "\"").dropFirst(5).first.flatMap { Double($0) }
        }
        let tenth = width(10)
        let hundredth = width(100)
        let whole = width(1000)
        #expect(whole == 430)
        #expect(tenth.map { abs($0 - 430 / 3) < 0.2 } ?? false, "\(String(describing: tenth))")
        #expect(hundredth.map { abs($0 - 430 * 2 / 3) < 0.2 } ?? false, "\(String(describing: hundredth))")
    }
}
