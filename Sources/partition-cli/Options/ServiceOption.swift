// SPDX-License-Identifier: Apache-2.0
// Part of partition-cli. See LICENSE and CONTRIBUTING.md.

import Telemetry

/// A service over HTTP that a command is told of by an option, or by variables that begin alike: `…_URL`, and what must never be an argument,
/// `…_TOKEN` or `…_TOKEN_FILE`, and beside them `…_CA_FILE`.
struct ServiceOption {
    /// As it is typed.
    let option: String
    /// What the variables' names begin with.
    let prefix: String

    static let metricsPush = ServiceOption(option: "--metrics-push", prefix: "METRICS_PUSH")
    static let alertWebhook = ServiceOption(option: "--alert-webhook", prefix: "ALERT_WEBHOOK")
    static let quotaPrometheus = ServiceOption(option: "--quota-prometheus-url", prefix: "QUOTA_PROMETHEUS")

    /// Of a file with a token, in bytes.
    private static let tokenLimit = 1 << 20

    /// nil where nobody said anything.
    ///
    /// - Parameter value: the option's.
    /// - Throws: ``CommandFailure`` of status `usage`; its text holds no part of a URL or token.
    func url(_ value: String?, _ environment: [String: String]) throws(CommandFailure) -> ServiceURL? {
        let variable = "\(prefix)_URL"
        guard let text = value ?? environment[variable] else { return nil }
        let source = value == nil ? variable : option
        guard !text.allSatisfy(\.isWhitespace) else {
            throw CommandFailure(
                .usage,
                "\(source) is empty: probably a variable that isn't set",
                remedy: "set it to a URL such as http://host:port, or leave it out"
            )
        }
        let access = try access(environment)
        do {
            return try ServiceURL(parsing: text, access: access)
        } catch {
            throw CommandFailure(.usage, "\(source): \(error.message)", remedy: error.remedy)
        }
    }

    private func access(_ environment: [String: String]) throws(CommandFailure) -> ServiceAccess {
        let (variable, fileVariable) = ("\(prefix)_TOKEN", "\(prefix)_TOKEN_FILE")
        var token = environment[variable]
        var source = variable
        if let path = environment[fileVariable] {
            guard token == nil else {
                throw CommandFailure(.usage, "\(variable) and \(fileVariable) are both set", remedy: "set one of them")
            }
            let file = InputFile(path: path, name: "file of \(fileVariable)", sizeLimit: Self.tokenLimit)
            token = String(decoding: try file.bytes(), as: UTF8.self)
            source = fileVariable
        }
        let authorityFile = environment["\(prefix)_CA_FILE"]
        do {
            _ = try ServiceAccess(token: token, authorityFile: nil)
        } catch {
            throw CommandFailure(.usage, "\(source): \(error.message)", remedy: error.remedy)
        }
        do {
            return try ServiceAccess(token: token, authorityFile: authorityFile)
        } catch {
            throw CommandFailure(.usage, "\(prefix)_CA_FILE: \(error.message)", remedy: error.remedy)
        }
    }
}
