// SPDX-License-Identifier: Apache-2.0
// Part of partition-cli. See LICENSE and CONTRIBUTING.md.

/// Sorted ranges of 64-bit coordinates that don't overlap, ready to be searched.
///
/// The coordinates are cut at every start and before every gap, so that a search is for one number, the last cut at or below the
/// key. The span between the first and the last cut is divided into buckets of equal width, a power of two, at most one a cut; a
/// bucket tells how many cuts lie before it. So a search is one shift, one look into the buckets and a search among the cuts that
/// lie inside one bucket. Where all cuts are equally far apart it is one division and no look at all.
///
/// The value is a bundle of numbers and pointers, so that a lookup copies nothing and counts no references;
/// ``RangeTableStorage`` owns what they point to and must outlive it.
package struct RangeTable {
    /// A range by its first and its last coordinate: with an exclusive end, one that reaches `Int64.max` couldn't be said.
    package struct Span: Hashable, Sendable {
        package var first: Int64
        package var last: Int64

        package init(first: Int64, last: Int64) {
            self.first = first
            self.last = last
        }
    }

    /// What stands for a gap among the payloads.
    @inlinable package static var none: Int32 { .min }

    /// How many cuts are compared one by one at the end of a search.
    @inlinable static var counted: Int { 4 }

    /// In ascending order; then ``counted`` times `Int64.max`.
    @usableFromInline let cuts: UnsafePointer<Int64>
    /// What a search returns, one for each cut.
    @usableFromInline let payloads: UnsafePointer<Int32>
    /// How many cuts lie before the bucket; one more than there are buckets.
    @usableFromInline let cutsBefore: UnsafePointer<UInt32>
    @usableFromInline let count: Int
    /// Up to here a cut's payload is its own number, and needn't be looked at.
    @usableFromInline let identityCount: Int
    @usableFromInline let bucketCount: UInt64
    /// Where the first bucket begins: the first cut, or the second where the first one is `Int64.min`, which would stretch the
    /// buckets over everything.
    @usableFromInline let base: Int64
    /// A bucket is two to the power of this wide.
    @usableFromInline let shift: UInt64
    /// How many cuts lie below `base`: one at `Int64.min`, or none.
    @usableFromInline let countBelowBase: Int
    /// How far apart the cuts from `base` on are, where that is always the same; else 0.
    @usableFromInline let distance: UInt64
    /// The number of the last cut, counted from `base`.
    @usableFromInline let lastRegular: UInt64

    /// How many cuts lie at or below the coordinate.
    @inlinable
    @inline(__always)
    func rank(of coordinate: Int64) -> Int {
        guard coordinate >= base else { return countBelowBase }
        let offset = UInt64(bitPattern: coordinate &- base)
        if distance != 0 {
            return Int(truncatingIfNeeded: min(offset / distance, lastRegular)) &+ 1 &+ countBelowBase
        }
        let bucket = offset &>> shift
        guard bucket < bucketCount else { return count }
        var low = Int(cutsBefore[Int(truncatingIfNeeded: bucket)])
        var high = Int(cutsBefore[Int(truncatingIfNeeded: bucket) &+ 1])
        while high &- low > Self.counted {
            let middle = (low &+ high) &>> 1
            if cuts[middle] <= coordinate { low = middle &+ 1 } else { high = middle }
        }
        // The last few are counted, without a branch that could be mispredicted. Those beyond `high` lie above the key, and after
        // the last cut stand as many that do, but for a key of Int64.max.
        var passed = 0
        for next in 0..<Self.counted { passed &+= cuts[low &+ next] <= coordinate ? 1 : 0 }
        return min(low &+ passed, count)
    }

    /// The payload of the range that holds the coordinate, or ``none``.
    @inlinable
    @inline(__always)
    package func payload(at coordinate: Int64) -> Int32 {
        let number = rank(of: coordinate) &- 1
        guard number >= identityCount else { return number < 0 ? Self.none : Int32(truncatingIfNeeded: number) }
        return payloads[number]
    }

    /// The payloads of the ranges that hold a coordinate from `first` to `last` (inclusive), in order.
    package func payloads(from first: Int64, through last: Int64) -> [Int32] {
        segments(from: first, through: last).filter { $0 != Self.none }
    }

    /// The same with ``none`` for each gap that holds such a coordinate.
    package func segments(from first: Int64, through last: Int64) -> [Int32] {
        guard first <= last else { return [] }
        // Number 0 is before the first cut.
        return (rank(of: first)...rank(of: last)).map { $0 == 0 ? Self.none : payloads[$0 - 1] }
    }
}

/// Owns the memory of a ``RangeTable``.
// The memory is written before the initialiser returns and never after, so threads may share it.
package final class RangeTableStorage: @unchecked Sendable {
    package let table: RangeTable
    private let cuts: UnsafeMutableBufferPointer<Int64>
    private let payloads: UnsafeMutableBufferPointer<Int32>
    private let cutsBefore: UnsafeMutableBufferPointer<UInt32>

    /// - Parameters:
    ///   - ranges: Sorted, not overlapping, none empty; fewer than 2^30.
    ///   - values: As many payloads, none of them ``RangeTable/none``.
    package init(_ ranges: [RangeTable.Span], payloads values: [Int32]) {
        let (starts, segments) = Self.segments(ranges, values)
        let count = starts.count
        let countBelowBase = count > 1 && starts[0] == .min ? 1 : 0
        let base = starts.isEmpty ? .max : starts[countBelowBase]
        let span = UInt64(bitPattern: (starts.last ?? base) &- base)
        var shift: UInt64 = 0
        while span &>> shift >= UInt64(max(1, count)) { shift += 1 }
        let bucketCount = Int(span &>> shift) + 1

        cuts = .allocate(capacity: count + RangeTable.counted)
        payloads = .allocate(capacity: count + 1)
        cutsBefore = .allocate(capacity: bucketCount + 1)
        _ = cuts.initialize(from: starts + Array(repeating: .max, count: RangeTable.counted))
        _ = payloads.initialize(from: segments + [RangeTable.none])
        var passed = countBelowBase
        for bucket in 0..<bucketCount {
            let begin = UInt64(bucket) &<< shift
            while passed < count, UInt64(bitPattern: starts[passed] &- base) < begin { passed += 1 }
            cutsBefore.initializeElement(at: bucket, to: UInt32(passed))
        }
        cutsBefore.initializeElement(at: bucketCount, to: UInt32(count))

        table = RangeTable(
            // At least one element was allocated, so there is an address.
            cuts: UnsafePointer(cuts.baseAddress.unsafelyUnwrapped),
            payloads: UnsafePointer(payloads.baseAddress.unsafelyUnwrapped),
            cutsBefore: UnsafePointer(cutsBefore.baseAddress.unsafelyUnwrapped),
            count: count,
            identityCount: segments.indices.first { segments[$0] != Int32($0) } ?? count,
            bucketCount: UInt64(bucketCount),
            base: base,
            shift: shift,
            countBelowBase: countBelowBase,
            distance: Self.distance(starts.dropFirst(countBelowBase)),
            lastRegular: UInt64(max(0, count - countBelowBase - 1))
        )
    }

    deinit {
        cuts.deallocate()
        payloads.deallocate()
        cutsBefore.deallocate()
    }

    /// The cuts, and what lies from each to the next: a range's payload, or a gap.
    private static func segments(_ ranges: [RangeTable.Span], _ values: [Int32]) -> ([Int64], [Int32]) {
        var starts: [Int64] = []
        var segments: [Int32] = []
        starts.reserveCapacity(ranges.count + 1)
        segments.reserveCapacity(ranges.count + 1)
        var gap: Int64?
        for (range, value) in zip(ranges, values) {
            if let gap, gap != range.first {
                starts.append(gap)
                segments.append(RangeTable.none)
            }
            starts.append(range.first)
            segments.append(value)
            gap = range.last == .max ? nil : range.last + 1
        }
        if let gap {
            starts.append(gap)
            segments.append(RangeTable.none)
        }
        return (starts, segments)
    }

    private static func distance(_ starts: ArraySlice<Int64>) -> UInt64 {
        guard starts.count > 1 else { return 0 }
        let first = UInt64(bitPattern: starts[starts.startIndex + 1] &- starts[starts.startIndex])
        let isRegular = zip(starts, starts.dropFirst()).allSatisfy { UInt64(bitPattern: $1 &- $0) == first }
        return isRegular ? first : 0
    }
}
