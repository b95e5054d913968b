// SPDX-License-Identifier: Apache-2.0
// Part of partition-cli. See LICENSE and CONTRIBUTING.md.

import Partitioning

/// How much of the time before and after now a line of time shows. Lines of one scale have now, and every other moment, in the same column.
struct TimeScale: Hashable, Sendable {
    /// Microseconds before now, above 0.
    var past: Double
    /// Microseconds after now, above 0.
    var future: Double

    /// For a line alone: the buffer, what is covered beyond it up to as much again, and of the past half as much at most.
    init(_ line: TimeLine) {
        self.init(buffer: line.buffer, covered: line.covered ?? 0, age: line.age)
    }

    /// For lines that are to be compared: the longest buffer decides. Where a few are much longer than most, these go on beyond the edge,
    /// unless something is missing in them: a table by the year would leave no room for the others, nor does one that is covered for ever.
    init(sharedBy lines: [TimeLine]) {
        let buffers = lines.map(\.buffer).sorted()
        let usual = (buffers.isEmpty ? 1 : buffers[buffers.count / 2]) * 2.5
        let buffer = lines.filter { $0.buffer <= usual || !$0.isComplete }.map(\.buffer).max() ?? 1
        self.init(
            buffer: buffer,
            covered: lines.compactMap(\.covered).filter { $0 <= 2 * buffer }.max() ?? 0,
            age: lines.map(\.age).max() ?? 0
        )
    }

    private init(buffer: Double, covered: Double, age: Double) {
        future = min(max(buffer, covered), 2 * buffer) * 1.04
        past = min(max(age, future * 0.05), future / 2)
    }

    /// What is shown around that moment.
    func window(around now: Int64) -> KeyRange {
        KeyRange(lower: coordinate(at: 0, around: now), upper: coordinate(at: 1, around: now))
    }

    /// - Parameter share: of the width: 0 is the left edge, 1 the right one.
    func coordinate(at share: Double, around now: Int64) -> Int64 {
        let value = Double(now) - past + (past + future) * share
        return Int64(exactly: value.rounded()) ?? (value < 0 ? .min : .max)
    }

    /// The character in which a moment lies, of so many; the nearest where it lies outside.
    func column(of coordinate: Int64, around now: Int64, of count: Int) -> Int {
        let share = (Double(coordinate) - Double(now) + past) / (past + future)
        return max(0, min(count - 1, Int((share * Double(count)).rounded(.down))))
    }
}
