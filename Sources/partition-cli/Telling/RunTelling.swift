// SPDX-License-Identifier: Apache-2.0
// Part of partition-cli. See LICENSE and CONTRIBUTING.md.

import LibPQ
import Logging
import Partitioning
import Provisioning
import Telemetry

/// Tells others how a run went: metrics to a file and a Pushgateway, alerts to a webhook.
///
/// None of it decides anything or changes how the run ends: what can't be told is logged.
struct RunTelling: Sendable {
    /// For the reading afterwards, and for each request.
    private static let readingLimit = Duration.seconds(8)
    private static let requestLimit = Duration.seconds(5)
    /// All of it: the reading, then two requests to the Pushgateway beside those to the webhook.
    private static let allowance = Duration.seconds(18)

    private let destinations: TelemetryOptions.Destinations
    private let inspection: Inspection
    private let guards: RunGuards
    private let metrics: RunMetrics
    private let database: String
    private let logger: Logger
    private let start = ContinuousClock.now

    init(_ destinations: TelemetryOptions.Destinations, _ inspection: Inspection, _ guards: RunGuards) {
        self.destinations = destinations
        self.inspection = inspection
        self.guards = guards
        logger = inspection.console.logger
        // What the caller calls it: also known to a run that never got there.
        database = inspection.configuration.database ?? inspection.configuration.redactedDescription
        metrics = RunMetrics(database: database, logger: logger)
    }

    /// What is left of a run's time for the run, when afterwards it is told about: at least three quarters.
    static func deadline(within whole: Duration) -> Duration {
        max(whole - allowance, whole * 3 / 4)
    }

    func note(_ event: RunEvent) { metrics.note(event) }

    /// Tells how the run ended; also when a signal ended it.
    ///
    /// - Parameter failure: where it ended without a result.
    func tell(_ result: RotationResult?, _ status: ExitStatus, failure: CommandFailure? = nil) async {
        let duration = (ContinuousClock.now - start) / .seconds(1)
        await Task {
            let ending = RunMetrics.Ending(
                status: status,
                result: result,
                reading: await reading(unless: failure),
                now: WallClock.now.seconds,
                duration: duration
            )
            metrics.end(ending)
            async let alerts: Void = send(ending, failure)
            await write(ending)
            await push(ending)
            await alerts
        }.value
    }

    /// nil where the catalog can't be read.
    private func reading(unless failure: CommandFailure?) async -> TableStanding.Reading? {
        // Who could not be reached a moment ago isn't asked again for as long.
        guard failure?.status != .unreachable, failure?.status != .usage else { return nil }
        do {
            return try await TableStanding.read(inspection, within: Self.readingLimit)
        } catch {
            let reason = error is TimeLimitExceeded ? "no time" : CommandFailure(error).message
            logger.warning("how tables stand could not be read for metrics", metadata: ["reason": "\(reason)"])
            return nil
        }
    }

    private func write(_ ending: RunMetrics.Ending) async {
        guard let file = destinations.file else { return }
        do throws(TelemetryError) {
            let earlier = try file.samples()
            try file.replace(with: metrics.metrics(after: earlier, ending, limit: inspection.scope.limit).text)
        } catch {
            log("metrics were not written", error)
        }
    }

    private func push(_ ending: RunMetrics.Ending) async {
        guard let url = destinations.push else { return }
        // One group for all servers of a database: a standby's run would replace what the primary's says of itself.
        guard ending.result?.report.condition != .standby else {
            logger.info("metrics were not pushed: the server is a standby, and its primary's runs push")
            return
        }
        let gateway = Pushgateway(url, database: database, timeout: Self.requestLimit)
        var earlier: [MetricSample]?
        do throws(TelemetryError) {
            earlier = try await gateway.samples()
        } catch {
            logger.info(
                "what was pushed before could not be read: totals begin anew",
                metadata: ["reason": "\(error.message)"]
            )
        }
        do throws(TelemetryError) {
            let all = metrics.metrics(after: earlier ?? [], ending, limit: inspection.scope.limit)
            try await gateway.push(all.text, replacing: earlier != nil)
        } catch {
            log("metrics were not pushed", error)
        }
    }

    private func send(_ ending: RunMetrics.Ending, _ failure: CommandFailure?) async {
        guard let url = destinations.webhook else { return }
        let alerts = RunAlerts(
            database: database,
            emergencyDays: { [guards, inspection] table in
                guards[table].emergencyDays ?? inspection.scope.emergencyDays
            },
            failure: failure
        )
        do throws(TelemetryError) {
            try await AlertWebhook(url, timeout: Self.requestLimit).send(alerts.alerts(ending))
        } catch {
            log("alerts were not sent", error)
        }
    }

    private func log(_ message: Logger.Message, _ error: TelemetryError) {
        var facts: Logger.Metadata = ["reason": "\(error.message)"]
        if let remedy = error.remedy { facts["remedy"] = "\(remedy)" }
        logger.warning(message, metadata: facts)
    }
}
