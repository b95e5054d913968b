// SPDX-License-Identifier: Apache-2.0
// Part of partition-cli. See LICENSE and CONTRIBUTING.md.

import Logging

#if canImport(FoundationEssentials)
    import FoundationEssentials
#else
    import Foundation
#endif

/// Where results, remarks and progress of one command go: results to standard output, all else to standard error.
struct Console: Sendable {
    let format: OutputFormat
    let isQuiet: Bool
    let environment: [String: String]
    let logger: Logger
    let interruption: Interruption
    /// nil where nobody watches: no terminal, a dumb one, or `--quiet`.
    let progress: ProgressLine?
    private let output: Rendition
    private let errors: Rendition

    init(_ options: OutputOptions, environment: [String: String], interruption: Interruption) {
        format = options.format
        isQuiet = options.isQuiet
        self.environment = environment
        self.interruption = interruption
        output = Rendition(columns: Standard.output.columns, environment: environment)
        errors = Rendition(columns: Standard.error.columns, environment: environment)
        let progress = !options.isQuiet && errors.canRepaint ? ProgressLine(.error, environment: environment) : nil
        self.progress = progress
        let (logFormat, level) = (options.logFormat, options.effectiveLogLevel)
        logger = Logger(label: "partition-cli") { _ in
            StandardErrorLog(format: logFormat, logLevel: level, beside: progress)
        }
    }

    /// Shows a result: the page to people, the value to programs.
    ///
    /// - Parameter isRemarkable: false where `--quiet` means to print nothing.
    func show(_ page: @autoclosure () -> Page, _ value: @autoclosure () -> some Encodable, isRemarkable: Bool = true) {
        progress?.clear()
        switch format {
        case .json: write(json: value())
        case .text:
            if isRemarkable || !isQuiet { Standard.output.write(page().text(output)) }
        }
    }

    /// Shows why a command ended early.
    func show(_ failure: CommandFailure, command: String) {
        progress?.clear()
        Standard.error.write(failure.page.text(errors))
        if format == .json { write(json: FailureView(failure, command: command)) }
    }

    /// A remark beside the result; not with `--quiet`.
    func remark(_ text: String) {
        guard !isQuiet else { return }
        progress?.clear()
        var page = Page()
        page.line(text)
        Standard.error.write(page.text(errors))
    }

    /// What somebody has to know although the command did its work; also with `--quiet`.
    func warn(_ text: String) {
        progress?.clear()
        var page = Page()
        page.line("warning: \(text)")
        Standard.error.write(page.text(errors))
    }

    /// One of many results, in one line and at once: whoever reads it reads on.
    ///
    /// - Returns: false where nobody takes it any more.
    func showLine(_ text: String, _ value: some Encodable) -> Bool {
        progress?.clear()
        guard format == .json else {
            var page = Page()
            page.line(text)
            return Standard.output.write(page.text(output))
        }
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        guard let json = try? encoder.encode(value) else { return false }
        return Standard.output.write(String(decoding: json, as: UTF8.self) + "\n")
    }

    /// A page on its way, where the result comes later.
    func show(_ page: Page) {
        Standard.output.write(page.text(output))
    }

    private func write(json value: some Encodable) {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.prettyPrinted, .sortedKeys, .withoutEscapingSlashes]
        do {
            Standard.output.write(String(decoding: try encoder.encode(value), as: UTF8.self) + "\n")
        } catch {
            Standard.error.write("error: the result can't be written as JSON: \(error)\n")
        }
    }
}
