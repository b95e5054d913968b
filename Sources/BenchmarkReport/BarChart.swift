// SPDX-License-Identifier: Apache-2.0
// Part of partition-cli. See LICENSE and CONTRIBUTING.md.

/// Horizontal bars on a logarithmic scale of time, in groups one below the other.
package struct BarChart {
    package struct Bar: Sendable {
        package var label: String
        /// Milliseconds.
        package var value: Double
        /// Stands after the value, for example "made 0 of 2".
        package var remark: String
        /// Which of the style's colours, from 0.
        package var series: Int

        package init(label: String, value: Double, remark: String = "", series: Int) {
            self.label = label
            self.value = value
            self.remark = remark
            self.series = series
        }
    }

    package struct Group: Sendable {
        package var title: String
        package var bars: [Bar]

        package init(title: String, bars: [Bar]) {
            self.title = title
            self.bars = bars
        }
    }

    package let title: String
    package let subtitle: String
    package let groups: [Group]

    package init(title: String, subtitle: String, groups: [Group]) {
        self.title = title
        self.subtitle = subtitle
        self.groups = groups
    }

    private static let width = 820.0
    /// Where bars begin and where the longest may end, leaving room for its value.
    private static let axis = (left: 210.0, right: 640.0)
    private static let barHeight = 16.0
    private static let barStep = 21.0
    private static let groupHeading = 30.0
    private static let head = 82.0

    /// Both in powers of ten of milliseconds.
    private var decades: ClosedRange<Int> {
        let values = groups.flatMap(\.bars).map(\.value).filter { $0 > 0 }
        var low = 0
        var high = 1
        while let least = values.min(), Self.power(low) > least, low > -3 { low -= 1 }
        while let greatest = values.max(), Self.power(high) < greatest, high < 7 { high += 1 }
        return low...high
    }

    private static func power(_ exponent: Int) -> Double {
        var value = 1.0
        for _ in 0..<abs(exponent) { value = exponent < 0 ? value / 10 : value * 10 }
        return value
    }

    package var svg: SVG {
        let decades = decades
        let rows = groups.reduce(0.0) { $0 + Self.groupHeading + Double($1.bars.count) * Self.barStep + 8 }
        let height = Self.head + rows + 16
        var svg = SVG(width: Int(Self.width), height: Int(height), title: title, style: Self.style)
        svg.rectangle(x: 0, y: 0, width: Self.width, height: height, class: "paper")
        svg.text(title, x: 16, y: 26, class: "title")
        svg.text(subtitle, x: 16, y: 46, class: "faint")
        for decade in decades {
            let x = position(Self.power(decade), decades)
            svg.line(from: (x, Self.head - 8), to: (x, height - 16), class: "grid")
            svg.text(Self.tick(decade), x: x, y: Self.head - 13, anchor: .middle, class: "faint")
        }
        var y = Self.head
        for group in groups {
            svg.text(group.title, x: 16, y: y + 18, class: "group")
            y += Self.groupHeading
            for bar in group.bars {
                let end = position(bar.value, decades)
                let middle = y + Self.barHeight - 4
                svg.text(bar.label, x: Self.axis.left - 8, y: middle, anchor: .end, class: "label")
                svg.rectangle(
                    x: Self.axis.left,
                    y: y,
                    width: max(1, end - Self.axis.left),
                    height: Self.barHeight,
                    class: "series-\(bar.series)"
                )
                let remark = bar.remark.isEmpty ? "" : ", \(bar.remark)"
                svg.text("\(Figure.milliseconds(bar.value)) ms\(remark)", x: end + 6, y: middle, class: "label")
                y += Self.barStep
            }
            y += 8
        }
        return svg
    }

    private func position(_ value: Double, _ decades: ClosedRange<Int>) -> Double {
        var exponent = Double(decades.lowerBound)
        if value > Self.power(decades.lowerBound) { exponent = Self.logarithm(value) }
        let share = (exponent - Double(decades.lowerBound)) / Double(decades.upperBound - decades.lowerBound)
        return Self.axis.left + min(1, share) * (Self.axis.right - Self.axis.left)
    }

    /// Decimal, of a value above 0, to three digits after the point, which is a tenth of a pixel: the standard library alone has none.
    static func logarithm(_ value: Double) -> Double {
        var rest = value
        var exponent = 0.0
        while rest >= 10 {
            rest /= 10
            exponent += 1
        }
        while rest < 1 {
            rest *= 10
            exponent -= 1
        }
        // The rest is from 1 up to 10: its logarithm digit by digit, in binary.
        var fraction = 0.0
        var step = 0.5
        for _ in 0..<14 {
            rest *= rest
            if rest >= 10 {
                rest /= 10
                fraction += step
            }
            step /= 2
        }
        return exponent + fraction
    }

    private static func tick(_ decade: Int) -> String {
        decade >= 3
            ? "\(Figure.decimal(power(decade - 3), digits: 0)) s"
            : "\(Figure.decimal(power(decade), digits: max(0, -decade))) ms"
    }

    /// The colours keep their distance for people who see red and green alike (Okabe and Ito), and 3:1 or more from both papers.
    private static let style = """
        text { font-family: -apple-system, 'Segoe UI', 'DejaVu Sans', Helvetica, Arial, sans-serif; font-size: 12px; fill: #1f2328; }
        .title { font-size: 16px; font-weight: 600; }
        .group { font-weight: 600; font-size: 13px; }
        .label { paint-order: stroke; stroke: #ffffff; stroke-width: 3px; stroke-linejoin: round; }
        .faint { fill: #59636e; }
        .paper { fill: #ffffff; }
        .grid { stroke: #d1d9e0; stroke-width: 1; }
        .series-0 { fill: #7d8590; }
        .series-1 { fill: #d55e00; }
        .series-2 { fill: #b07c00; }
        .series-3 { fill: #b5548f; }
        .series-4 { fill: #0072b2; }
        @media (prefers-color-scheme: dark) {
          text { fill: #e6edf3; }
          .label { stroke: #0d1117; }
          .faint { fill: #9198a1; }
          .paper { fill: #0d1117; }
          .grid { stroke: #30363d; }
          .series-1 { fill: #e8752a; }
          .series-2 { fill: #d39e1f; }
          .series-3 { fill: #cc79a7; }
          .series-4 { fill: #3aa0e0; }
        }
        """
}
