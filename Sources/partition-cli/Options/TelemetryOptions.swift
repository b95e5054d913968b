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
            Send what somebody should be woken for to this Alertmanager, or to what takes its API's version 2; \
            docs/metrics.md has the variables for a token and an authority. (default: $ALERT_WEBHOOK_URL)
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
            push: try ServiceOption.metricsPush.url(metricsPush, environment),
            webhook: try ServiceOption.alertWebhook.url(alertWebhook, environment)
        )
        let isNothing = destinations.file == nil && destinations.push == nil && destinations.webhook == nil
        return isNothing ? nil : destinations
    }

    @Sendable private static func metricsPath(_ text: String) throws -> String {
        guard text.hasSuffix(".prom"), !text.hasSuffix("/.prom"), text != ".prom" else {
            throw ValidationError("give a path that ends in .prom: node_exporter reads no other files")
        }
        return text
    }
}
