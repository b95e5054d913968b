// SPDX-License-Identifier: Apache-2.0
// Part of partition-cli. See LICENSE and CONTRIBUTING.md.

import CAllocationCounter
import Logging
import PartitionMap
import PartitionRouter

/// What a lookup costs, against a bare binary search in the same run.
struct LookupBenchmark {
    /// Nanoseconds per lookup: the least disturbed of the rounds.
    struct Result: Codable, Sendable {
        var grid: String
        var partitions: Int
        var threads: Int
        var bareBinarySearch: Double
        var lookup: Double
        var lookupAndName: Double
        var allocationsPerLookup: Double
        /// Of the lookup and the name together.
        var allocationsPerName: Double
    }

    struct Failure: Error, CustomStringConvertible {
        let description: String
    }

    private static let rounds = 25

    let grid: Grid
    let threads: Int

    /// Rounds of the three ways follow each other, so that what disturbs one disturbs all.
    func run() async throws -> Result {
        try AllocationCheck.demandCount()
        let registry = MemoryRegistry()
        _ = try await registry.publish(try Grid.published(try grid.document(), version: 1), replacing: nil)
        let router = Router(entity: Grid.table, registry: registry, logger: Logger(label: "benchmark"))
        let running = Task { await router.run() }
        defer { running.cancel() }
        for await _ in router.versions() { break }

        let grid = grid
        let each = ThreadTimer.onThreads(threads) { barrier in Self.measure(grid, router.reader(), barrier) }
        let measured = try each.map { try $0.get() }
        func average(_ path: KeyPath<Measured, Double>) -> Double {
            measured.map { $0[keyPath: path] }.reduce(0, +) / Double(measured.count)
        }
        return Result(
            grid: grid.kind.rawValue,
            partitions: grid.bounds.count - 1,
            threads: threads,
            bareBinarySearch: average(\.bare),
            lookup: average(\.lookup),
            lookupAndName: average(\.name),
            allocationsPerLookup: average(\.allocations),
            allocationsPerName: average(\.nameAllocations)
        )
    }

    private struct Measured: Sendable {
        var bare = Double.infinity
        var lookup = Double.infinity
        var name = Double.infinity
        var allocations = 0.0
        var nameAllocations = 0.0
    }

    private static func measure(
        _ grid: Grid,
        _ reader: Reader,
        _ barrier: Barrier
    ) -> Swift.Result<Measured, any Error> {
        let starts = Array(grid.bounds.dropLast())
        var measured = Measured()
        let keys = grid.keys
        func timed(_ body: () throws -> Int) rethrows -> (nanoseconds: Double, sum: Int) {
            let begin = ThreadTimer.nanoseconds()
            let sum = try body()
            return (Double(ThreadTimer.nanoseconds() - begin) / Double(keys.count), sum)
        }
        do {
            for round in 0..<rounds {
                barrier.wait(round: 3 * round)
                let bare = timed { search(starts, keys) }
                barrier.wait(round: 3 * round + 1)
                var before = allocation_count()
                let lookup = try timed { try look(reader, keys) }
                measured.allocations += Double(allocation_count() - before) / Double(keys.count * rounds)
                barrier.wait(round: 3 * round + 2)
                before = allocation_count()
                let name = try timed { try lookAndName(reader, keys) }
                measured.nameAllocations += Double(allocation_count() - before) / Double(keys.count * rounds)
                let expected = try expectedNames(reader, keys, round) ?? name.sum
                guard bare.sum != 0, lookup.sum == keys.count, name.sum == expected else {
                    return .failure(Failure(description: "a lookup found the wrong partition"))
                }
                measured.bare = min(measured.bare, bare.nanoseconds)
                measured.lookup = min(measured.lookup, lookup.nanoseconds)
                measured.name = min(measured.name, name.nanoseconds)
            }
            return .success(measured)
        } catch {
            return .failure(error)
        }
    }

    /// What anybody would write.
    @inline(never)
    private static func search(_ starts: [Int64], _ keys: [Int64]) -> Int {
        var sum = 0
        for key in keys {
            var low = 0
            var high = starts.count
            while low < high {
                let middle = (low + high) >> 1
                if starts[middle] <= key { low = middle + 1 } else { high = middle }
            }
            sum &+= low
        }
        return sum
    }

    @inline(never)
    private static func look(_ reader: Reader, _ keys: [Int64]) throws(RoutingMiss) -> Int {
        var sum = 0
        for key in keys { sum &+= try reader.index(for: key).isParent ? 0 : 1 }
        return sum
    }

    @inline(never)
    private static func lookAndName(_ reader: Reader, _ keys: [Int64]) throws(RoutingMiss) -> Int {
        var sum = 0
        for key in keys { sum &+= try reader.name(of: reader.index(for: key)).utf8.count }
        return sum
    }

    /// In the first round: the same names by the public way that isn't measured.
    private static func expectedNames(_ reader: Reader, _ keys: [Int64], _ round: Int) throws(RoutingMiss) -> Int? {
        guard round == 0 else { return nil }
        var sum = 0
        for key in keys { sum += try reader.partition(of: reader.index(for: [.coordinate(key)])).name.utf8.count }
        return sum
    }
}
