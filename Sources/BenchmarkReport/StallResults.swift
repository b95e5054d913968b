// SPDX-License-Identifier: Apache-2.0
// Part of partition-cli. See LICENSE and CONTRIBUTING.md.

/// What applications had to wait while partitions were made beside them.
package struct StallResults: Codable, Hashable, Sendable {
    /// Who makes the partitions.
    package enum Contender: String, Codable, CaseIterable, Sendable {
        case nobody, function, functionWithTimeout, partman, ours

        package var label: String {
            switch self {
            case .nobody: "nobody (baseline)"
            case .function: "PARTITION OF"
            case .functionWithTimeout: "PARTITION OF, 2 s timeout"
            case .partman: "pg_partman"
            case .ours: "partition-cli"
            }
        }
    }

    /// What stands in the way.
    package struct Situation: Codable, Hashable, Sendable {
        package enum DefaultPartition: String, Codable, CaseIterable, Sendable {
            case none, empty, big
        }

        package var defaultPartition: DefaultPartition
        package var hasReader: Bool

        package init(defaultPartition: DefaultPartition, hasReader: Bool) {
            self.defaultPartition = defaultPartition
            self.hasReader = hasReader
        }
    }

    /// One contender in one situation, all repetitions together.
    package struct Cell: Codable, Hashable, Sendable {
        package var situation: Situation
        package var contender: Contender
        package var writers: LatencySummary
        package var readers: LatencySummary
        /// Requests that the server answered with an error.
        package var errors: Int
        /// How late a session that waited for nothing began its request, at the worst: the machine's and the generator's own share.
        package var generatorDelay: Double
        /// Partitions that were there afterwards, of those wanted, in each repetition.
        package var made: [Int]
        package var wanted: Int
        /// How long the contender took, in seconds.
        package var duration: Samples
        /// What the contender said where it didn't succeed; empty where it did.
        package var outcome: String

        package init(
            situation: Situation,
            contender: Contender,
            writers: LatencySummary,
            readers: LatencySummary,
            errors: Int,
            generatorDelay: Double,
            made: [Int],
            wanted: Int,
            duration: Samples,
            outcome: String
        ) {
            self.situation = situation
            self.contender = contender
            self.writers = writers
            self.readers = readers
            self.errors = errors
            self.generatorDelay = generatorDelay
            self.made = made
            self.wanted = wanted
            self.duration = duration
            self.outcome = outcome
        }

        /// Of anybody, in milliseconds.
        package var longestWait: Double { max(writers.longest, readers.longest) }
        package var isComplete: Bool { made.allSatisfy { $0 == wanted } }
    }

    package var circumstances: Circumstances
    /// Requests per second of all writers, and of all readers.
    package var rate: Int
    package var sessions: Int
    package var readerSeconds: Int
    package var defaultRows: Int
    package var repetitions: Int
    package var cells: [Cell]

    package init(
        circumstances: Circumstances,
        rate: Int,
        sessions: Int,
        readerSeconds: Int,
        defaultRows: Int,
        repetitions: Int,
        cells: [Cell]
    ) {
        self.circumstances = circumstances
        self.rate = rate
        self.sessions = sessions
        self.readerSeconds = readerSeconds
        self.defaultRows = defaultRows
        self.repetitions = repetitions
        self.cells = cells
    }

    package func cell(_ situation: Situation, _ contender: Contender) -> Cell? {
        cells.first { $0.situation == situation && $0.contender == contender }
    }

    /// In the order in which they were measured.
    package var situations: [Situation] {
        var seen: [Situation] = []
        for cell in cells where !seen.contains(cell.situation) { seen.append(cell.situation) }
        return seen
    }
}
