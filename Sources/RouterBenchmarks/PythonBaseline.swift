// SPDX-License-Identifier: Apache-2.0
// Part of partition-cli. See LICENSE and CONTRIBUTING.md.

import Foundation

/// The pattern's own client, and the same with `bisect`, in a Python of this machine.
struct PythonBaseline {
    struct Result: Codable {
        var partitions: Int
        /// The pattern's function: a loop that reads two dates a partition.
        var patternsFunction: Double
        /// Dates read once, then a binary search.
        var bisect: Double
    }

    struct Run: Codable {
        var version: String
        var results: [Result]
    }

    static func run(script: String, partitions: [Int]) throws -> Run {
        let process = Process()
        process.executableURL = URL(filePath: "/usr/bin/env")
        process.arguments = ["python3", script] + partitions.map(String.init)
        let output = Pipe()
        process.standardOutput = output
        try process.run()
        let data = output.fileHandleForReading.readDataToEndOfFile()
        process.waitUntilExit()
        return try JSONDecoder().decode(Run.self, from: data)
    }
}
