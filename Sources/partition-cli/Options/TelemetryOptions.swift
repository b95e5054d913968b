// SPDX-License-Identifier: Apache-2.0
// Part of partition-cli. See LICENSE and CONTRIBUTING.md.

import ArgumentParser
import Telemetry

/// Whom a run tells how it went.
struct TelemetryOptions: ParsableArguments, Sendable {
    @Option(
        help: ArgumentHelp(
            "Write metrics to this file, which node_exporter's textfile collector reads; it must end in .prom.",
            valueName: "path"
        ),
        completion: .file(extensions: ["prom"]),
        transform: Self.metricsPath
    )
    var metricsFile: String?

    @Option(
        help: ArgumentHelp(
            "Push metrics to this Prometheus Pushgateway: http:// or https://. (default: $METRICS_PUSH_URL)",
            valueName: "url"
        )
    )
    var metricsPush: String?

    @Option(
        help: ArgumentHelp(
            """
            Send what somebody should be woken for to this Alertmanager, or to what takes its API's version 2. (default: \
            $ALERT_WEBHOOK_URL)
            """,
            valueName: "url"
        )
    )
    var alertWebhook: String?

    /// Where to.
    struct Destinations: Sendable {
        var file: MetricsFile?
        var push: ServiceURL?
        var webhook: ServiceURL?
    }

    /// nil where nobody is to be told.
    ///
    /// - Throws: ``CommandFailure`` of status `usage`; its text holds no part of a URL.
    func destinations(_ environment: [String: String]) throws(CommandFailure) -> Destinations? {
        let destinations = Destinations(
            file: metricsFile.map(MetricsFile.init),
            push: try Self.url(metricsPush, "--metrics-push", environment, "METRICS_PUSH_URL"),
            webhook: try Self.url(alertWebhook, "--alert-webhook", environment, "ALERT_WEBHOOK_URL")
        )
        let isNothing = destinations.file == nil && destinations.push == nil && destinations.webhook == nil
        return isNothing ? nil : destinations
    }

    private static func url(
        _ value: String?,
        _ option: String,
        _ environment: [String: String],
        _ variable: String
    ) throws(CommandFailure) -> ServiceURL? {
        guard let text = value ?? environment[variable] else { return nil }
        let source = value == nil ? variable : option
        guard !text.allSatisfy(\.isWhitespace) else {
            throw CommandFailure(
                .usage,
                "\(source) is empty: probably a variable that isn't set",
                remedy: "set it to a URL such as http://host:port, or leave it out"
            )
        }
        do {
            return try ServiceURL(parsing: text)
        } catch {
            throw CommandFailure(.usage, "\(source): \(error.message)", remedy: error.remedy)
        }
    }

    @Sendable private static func metricsPath(_ text: String) throws -> String {
        guard text.hasSuffix(".prom"), !text.hasSuffix("/.prom"), text != ".prom" else {
            throw ValidationError("give a path that ends in .prom: node_exporter reads no other files")
        }
        return text
    }
}
