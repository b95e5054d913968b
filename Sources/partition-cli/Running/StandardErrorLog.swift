// SPDX-License-Identifier: Apache-2.0
// Part of partition-cli. See LICENSE and CONTRIBUTING.md.

import Logging
import Partitioning

#if canImport(FoundationEssentials)
    import FoundationEssentials
#else
    import Foundation
#endif

/// Log lines on standard error, for people or for programs.
struct StandardErrorLog: LogHandler {
    let format: OutputFormat
    /// The line of progress that may stand on the same terminal.
    let progress: ProgressLine?
    var logLevel: Logger.Level
    var metadata: Logger.Metadata = [:]
    var metadataProvider: Logger.MetadataProvider?

    init(format: OutputFormat, logLevel: Logger.Level, beside progress: ProgressLine?) {
        self.format = format
        self.progress = progress
        self.logLevel = logLevel
    }

    subscript(metadataKey key: String) -> Logger.Metadata.Value? {
        get { metadata[key] }
        set { metadata[key] = newValue }
    }

    func log(event: LogEvent) {
        let all = metadata.merging(event.metadata ?? [:]) { _, new in new }.mapValues { "\($0)" }
        switch format {
        case .text:
            let facts = all.sorted { $0.key < $1.key }.map { " \($0.key)=\($0.value)" }.joined()
            write(Page.plain("\(event.level): \(event.message)\(facts)") + "\n")
        case .json:
            let line = Line(
                time: WallClock.now.description,
                level: "\(event.level)",
                message: "\(event.message)",
                facts: all
            )
            let encoder = JSONEncoder()
            encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
            guard let data = try? encoder.encode(line) else { return }
            write(String(decoding: data, as: UTF8.self) + "\n")
        }
    }

    private func write(_ line: String) {
        if let progress { progress.write(lines: line) } else { Standard.error.write(line) }
    }

    private struct Line: Encodable {
        var time: String
        var level: String
        var message: String
        var facts: [String: String]
    }
}
