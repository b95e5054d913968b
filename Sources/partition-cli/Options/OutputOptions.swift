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
    @Option(
        name: .customLong("output"),
        help: ArgumentHelp("How the result is written to standard output.", valueName: "format")
    )
    var format = OutputFormat.text

    @Option(help: ArgumentHelp("How log lines are written to standard error.", valueName: "format"))
    var logFormat = OutputFormat.text

    @Option(
        help: ArgumentHelp(
            "The least important log lines to write. (default: warning; info with --log-format=json)",
            valueName: "level"
        )
    )
    var logLevel: LogLevel?

    @Flag(name: .customLong("quiet"), help: "No progress, no remarks, and no report when all is well.")
    var isQuiet = false

    /// Whether what happens is told line by line: to people the report says it, unless they ask for more.
    var tellsEvents: Bool { logFormat == .json || (logLevel?.level ?? .warning) <= .info }

    /// A program that reads lines wants the events; people on a terminal want to hear of what went wrong.
    var effectiveLogLevel: Logger.Level {
        let level = logLevel?.level ?? (logFormat == .json ? .info : .warning)
        // What could not be told to anybody else is told here, also to whoever wants to hear of nothing but trouble.
        return isQuiet ? max(level, .warning) : level
    }
}
