// SPDX-License-Identifier: Apache-2.0
// Part of partition-cli. See LICENSE and CONTRIBUTING.md.

/// A job of which it is known how much is done: what, a bar, how much, how fast, how long still.
struct ProgressBar: Hashable, Sendable {
    var label: String
    var done: Int64
    var total: Int64
    /// What was done before the clock began: it says nothing of the speed.
    var before: Int64 = 0
    /// Since the job began.
    var seconds: Double
    /// What is counted, such as `partitions`; nil to show a percentage.
    var unit: String?

    /// One line of exactly the terminal's width less one at most, since a terminal wraps after its last column.
    func text(_ rendition: Rendition) -> String {
        let room = (rendition.width ?? Rendition.usualWidth) - 1
        let facts = rendition.signs(self.facts)
        let label = rendition.signs(Page.plain(label))
        let free = room - DisplayWidth.of(label) - DisplayWidth.of(facts) - 4
        if free >= Self.shortest {
            return "\(label)  \(rendition.signs(bar(min(free, Self.longest))))  \(facts)"
        }
        return DisplayWidth.truncated("\(facts)  \(label)", to: room, ellipsis: rendition.signs("…"))
    }

    private static let shortest = 10
    private static let longest = 40

    private func bar(_ width: Int) -> String {
        let filled = Int(Double(width) * share)
        return String(repeating: "━", count: filled) + String(repeating: "╌", count: width - filled)
    }

    private var share: Double { total > 0 ? min(1, max(0, Double(done) / Double(total))) : 0 }

    private var facts: String {
        let amount = unit.map { "\(done)/\(total) \($0)" } ?? "\(Int(share * 100)) %"
        let fresh = Double(done - before)
        // The first moments say nothing of the rest.
        guard fresh > 0, seconds >= 0.5 else { return amount }
        let rate = fresh / seconds
        let left = total > done ? ", \(Quantity.seconds((Double(total - done) / rate).rounded(.up))) left" : ""
        return amount + (unit == nil ? "" : ", \(Quantity.short(rate))/s") + left
    }
}
