// SPDX-License-Identifier: Apache-2.0
// Part of partition-cli. See LICENSE and CONTRIBUTING.md.

import PartitionMap
import SeededRandom
import Testing

@Suite("A table of ranges")
struct RangeTableTests {
    typealias Span = RangeTable.Span

    /// How a range lies to the one before: beside it, after a gap small or huge.
    private static func spans(_ random: inout SeededGenerator, count: Int) -> [Span] {
        var spans: [Span] = []
        var next = Int64(truncatingIfNeeded: random.next()) >> 2
        for _ in 0..<count {
            let gap = Int64.random(in: 0...3, using: &random) == 0 ? Int64.random(in: 0...1_000, using: &random) : 0
            let leap = Int64.random(in: 0...40, using: &random) == 0 ? Int64.max / 200 : 0
            let width = Int64(1) << Int64.random(in: 0...20, using: &random)
            let (first, overflow) = next.addingReportingOverflow(gap + leap)
            let (last, overflows) = first.addingReportingOverflow(width - 1)
            guard !overflow, !overflows, last < .max else { break }
            spans.append(Span(first: first, last: last))
            next = last + 1
        }
        return spans
    }

    private static func check(_ spans: [Span], _ keys: some Sequence<Int64>) {
        let storage = RangeTableStorage(spans, payloads: spans.indices.map { Int32($0) })
        // Nothing rests on what the payloads are.
        let odd = RangeTableStorage(spans, payloads: spans.indices.map { Int32(-5 - $0) })
        for key in keys {
            let expected = spans.firstIndex { $0.first <= key && key <= $0.last }
            #expect(storage.table.payload(at: key) == expected.map(Int32.init) ?? RangeTable.none, "\(key)")
            #expect(odd.table.payload(at: key) == expected.map { Int32(-5 - $0) } ?? RangeTable.none, "\(key)")
        }
        let ends = Array(keys.prefix(9)) + [.min, .max]
        for first in ends {
            for last in ends {
                let expected = spans.indices.filter {
                    first <= last && spans[$0].last >= first && spans[$0].first <= last
                }
                #expect(storage.table.payloads(from: first, through: last) == expected.map(Int32.init))
                // The same with the gaps, each of which is said once.
                var segments: [Int32] = []
                var reached: Int64? = first <= last ? first : nil
                for number in expected {
                    if let start = reached, start < spans[number].first { segments.append(RangeTable.none) }
                    segments.append(Int32(number))
                    reached = spans[number].last < last ? spans[number].last + 1 : nil
                }
                if reached != nil { segments.append(RangeTable.none) }
                #expect(storage.table.segments(from: first, through: last) == segments)
            }
        }
        withExtendedLifetime((storage, odd)) {}
    }

    @Test("agrees with a plain search at, before and after every bound", arguments: 1...40 as ClosedRange<UInt64>)
    func random(seed: UInt64) {
        var random = SeededGenerator(seed: seed)
        var spans = Self.spans(&random, count: Int.random(in: 1...120, using: &random))
        if seed % 3 == 0 { spans[0] = Span(first: .min, last: spans[0].last) }
        if seed % 4 == 0 { spans[spans.count - 1].last = .max }
        var keys = spans.flatMap { [$0.first, $0.last, $0.first &- 1, $0.last &+ 1] }
        keys += [.min, .min + 1, 0, .max - 1, .max]
        for _ in 0..<100 { keys.append(Int64(truncatingIfNeeded: random.next())) }
        Self.check(spans, keys)
    }

    @Test("of equal ranges, which are found by division", arguments: [1, 3, 1 << 40, .max / 5] as [Int64])
    func regular(width: Int64) {
        for first in [.min, -2 * width - 1, 0] as [Int64] {
            let spans = (0..<5 as Range<Int64>).map {
                Span(first: first + $0 * width, last: first + ($0 + 1) * width - 1)
            }
            let keys = spans.flatMap { [$0.first, $0.last, $0.first &- 1, $0.last &+ 1] } + [.min, .max]
            Self.check(spans, keys)
            Self.check([Span(first: .min, last: .min)] + spans.dropFirst(), keys)
            Self.check(spans.dropLast() + [Span(first: spans[4].first, last: .max)], keys)
        }
    }

    @Test("of no range, of one, and of one that is everything")
    func small() {
        let keys: [Int64] = [.min, -1, 0, 1, 9, 10, .max]
        Self.check([], keys)
        Self.check([Span(first: 0, last: 9)], keys)
        Self.check([Span(first: .min, last: .max)], keys)
        Self.check([Span(first: .max, last: .max)], keys)
        Self.check([Span(first: .min, last: .min)], keys)
        Self.check([Span(first: .min, last: -1), Span(first: 0, last: .max)], keys)
        Self.check([Span(first: .min, last: .min), Span(first: .min + 1, last: .max)], keys)
    }
}
