// SPDX-License-Identifier: Apache-2.0
// Part of partition-cli. See LICENSE and CONTRIBUTING.md.

import Logging
import PartitionMap
import PartitionRouter

/// What it costs to take up a new map of many partitions. Lookups go on meanwhile, by the old one.
enum ReloadBenchmark {
    struct Result: Codable {
        var partitions: Int
        var documentBytes: Int
        /// Milliseconds of processor time: from the bytes to a validated document.
        var readAndValidate: Double
        /// Milliseconds of processor time: from the document to what lookups search.
        var index: Double
    }

    static func run(partitions: Int) throws -> Result {
        var (reading, indexing) = (Double.infinity, Double.infinity)
        var size = 0
        for round in 0..<5 {
            // Other names each time: the process shares what it has decoded.
            let document = try Grid(.irregular, count: partitions).document(prefix: "events_\(round)_")
            let bytes = document.canonicalBytes
            size = bytes.count
            let begin = ThreadTimer.nanoseconds()
            let read = try PartitionMapDocument(parsing: bytes)
            let middle = ThreadTimer.nanoseconds()
            let snapshot = MapSnapshot.of(read)
            let end = ThreadTimer.nanoseconds()
            withExtendedLifetime(snapshot) {}
            reading = min(reading, Double(middle - begin) / 1e6)
            indexing = min(indexing, Double(end - middle) / 1e6)
        }
        return Result(partitions: partitions, documentBytes: size, readAndValidate: reading, index: indexing)
    }
}
