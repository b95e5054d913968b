// SPDX-License-Identifier: Apache-2.0
// Part of partition-cli. See LICENSE and CONTRIBUTING.md.

import BenchmarkReport
import LocalPostgres

#if canImport(FoundationEssentials)
    import FoundationEssentials
#else
    import Foundation
#endif

#if canImport(Darwin)
    import Darwin
#else
    import Glibc
#endif

/// What every part needs: the programs, and how big it is to be.
struct Bench: Sendable {
    enum Mode: String, Sendable {
        case full
        /// Smaller and once, for trying it.
        case quick
    }

    let mode: Mode
    let installation: PostgresInstallation
    /// The release binary that is measured.
    let program: String
    /// Where results are kept.
    let directory: String
    let commit: String
    let compiler: String

    /// To standard error, at once.
    func say(_ text: String) {
        var line = text + "\n"
        line.withUTF8 { _ = write(STDERR_FILENO, $0.baseAddress, $0.count) }
    }

    var psql: String { "\(installation.binDirectory)/psql" }

    /// One `rotate` on a database, as a process.
    func rotate(_ conninfo: String, registry: String = "none", bufferDays: Int = 60) -> MeasuredProgram {
        MeasuredProgram([
            program, "rotate", "--db-url=\(conninfo)", "--registry-url=\(registry)", "--buffer-days=\(bufferDays)",
            "--output=json",
        ])
    }

    /// What a run's JSON says of it.
    struct Rotation: Decodable {
        struct Summary: Decodable {
            var created: Int
            var tablesUnchanged: Int
            var unpublished: Int
        }

        var summary: Summary
    }

    static func rotation(_ usage: MeasuredProgram.Usage) throws -> Rotation {
        try JSONDecoder().decode(Rotation.self, from: Data(usage.output.utf8))
    }

    func circumstances(_ versions: [String], loadBefore: Double) throws -> Circumstances {
        Circumstances(
            mode: mode.rawValue,
            date: Machine.date(),
            commit: commit,
            processor: Machine.processor,
            cores: Machine.cores,
            memoryGiB: Machine.memoryGiB,
            kernel: Machine.kernel,
            versions: versions + [compiler],
            loadBefore: loadBefore,
            loadAfter: Machine.load
        )
    }
}
