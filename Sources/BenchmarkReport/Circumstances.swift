// SPDX-License-Identifier: Apache-2.0
// Part of partition-cli. See LICENSE and CONTRIBUTING.md.

/// Where, when and from what a part of the benchmarks was measured.
package struct Circumstances: Codable, Hashable, Sendable {
    /// `full`, or `quick`: smaller and once, for trying it.
    package var mode: String
    /// In UTC, for example `2026-11-26 05:00`.
    package var date: String
    /// The commit of the sources, with `+` behind it where they were changed since.
    package var commit: String
    package var processor: String
    package var cores: Int
    package var memoryGiB: Int
    package var kernel: String
    /// What was measured, and the compiler that built ours.
    package var versions: [String]
    /// The first figure of `/proc/loadavg`, before and after.
    package var loadBefore: Double
    package var loadAfter: Double

    package init(
        mode: String,
        date: String,
        commit: String,
        processor: String,
        cores: Int,
        memoryGiB: Int,
        kernel: String,
        versions: [String],
        loadBefore: Double,
        loadAfter: Double
    ) {
        self.mode = mode
        self.date = date
        self.commit = commit
        self.processor = processor
        self.cores = cores
        self.memoryGiB = memoryGiB
        self.kernel = kernel
        self.versions = versions
        self.loadBefore = loadBefore
        self.loadAfter = loadAfter
    }

    /// One line under a table.
    package var line: String {
        let load =
            "load \(Figure.decimal(loadBefore, digits: 1)) before and \(Figure.decimal(loadAfter, digits: 1)) after"
        return
            "Measured \(date) UTC, \(mode) mode, commit \(commit); \(processor), \(cores) cores, \(memoryGiB) GiB, Linux \(kernel), \(load); "
            + versions.joined(separator: ", ") + ".\n"
    }
}

/// What must hold, and whether it did.
package struct Verdict: Hashable, Sendable {
    package var claim: String
    package var isMet: Bool
    package var evidence: String

    package init(claim: String, isMet: Bool, evidence: String) {
        self.claim = claim
        self.isMet = isMet
        self.evidence = evidence
    }

    package var line: String { "**\(isMet ? "Met" : "Missed")**: \(claim): \(evidence).\n" }
}
