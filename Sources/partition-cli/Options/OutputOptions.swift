// SPDX-License-Identifier: Apache-2.0
// Part of partition-cli. See LICENSE and CONTRIBUTING.md.

import ArgumentParser
import Logging

enum OutputFormat: String, ExpressibleByArgument, CaseIterable, Sendable {
    case text, json
}

enum LogLevel: String, ExpressibleByArgument, CaseIterable, Sendable {
    case trace, debug, info, notice, warning, error, critical

    var level: Logger.Level { Logger.Level(rawValue: rawValue) ?? .warning }
}

/// How results and logs are written.
struct OutputOptions: ParsableArguments, Sendable {
    @Option(name: .customLong("output"), help: "How the result is written to standard output.")
    var format = OutputFormat.text

    @Option(help: "How log lines are written to standard error.")
    var logFormat = OutputFormat.text

    @Option(help: "The least important log lines to write.")
    var logLevel = LogLevel.warning

    @Flag(name: .customLong("quiet"), help: "No progress, no remarks, and no report when all is well.")
    var isQuiet = false

    var effectiveLogLevel: Logger.Level { isQuiet ? max(logLevel.level, .error) : logLevel.level }
}
