// SPDX-License-Identifier: Apache-2.0
// Part of partition-cli. See LICENSE and CONTRIBUTING.md.

import ArgumentParser
import PolicyFile
import Provisioning
import Telemetry

/// How full the space may be.
struct QuotaOptions: ParsableArguments, Sendable {
    @Option(
        parsing: .unconditional,
        help: ArgumentHelp(
            "Create nothing when this share of the partitions' space is used: 1 to 100, in percent.",
            valueName: "percent"
        ),
        transform: Transform.percentage
    )
    var quotaThreshold: Int?

    @Option(
        parsing: .unconditional,
        help: ArgumentHelp(
            """
            How much the space holds in all: 1B to 8191TiB, for example 500GB. (default: the file system is asked, where \
            the server runs on this machine)
            """,
            valueName: "bytes"
        ),
        transform: Transform.bytes
    )
    var quotaCapacity: Int64?

    @Option(
        name: .customLong("quota-prometheus-url"),
        help: ArgumentHelp(
            """
            Ask this Prometheus how full the space is, for what --quota-query says: http:// or https://. (default: \
            $QUOTA_PROMETHEUS_URL)
            """,
            valueName: "url"
        )
    )
    var quotaPrometheusURL: String?

    @Option(
        help: ArgumentHelp(
            """
            PromQL for the used share of the space, 0 to 1, or with --quota-capacity for the bytes in use; "$tablespace" \
            stands for the name of a tablespace.
            """,
            valueName: "promql"
        ),
        transform: Transform.nonEmpty
    )
    var quotaQuery: String?

    @Flag(help: "Create nothing either where it isn't known how full the partitions' space is; exit 73 then.")
    var quotaRequired = false

    func validate() throws {
        if quotaRequired, quotaThreshold == nil {
            throw ValidationError(
                "--quota-required needs --quota-threshold, the percentage from which on nothing is created."
            )
        }
        if quotaCapacity != nil, quotaThreshold == nil {
            throw ValidationError(
                "--quota-capacity needs --quota-threshold, the percentage from which on nothing is created."
            )
        }
        if quotaPrometheusURL != nil, quotaQuery == nil {
            throw ValidationError("--quota-prometheus-url needs --quota-query, what is asked there.")
        }
    }

    /// What asks the Prometheus that was named, if one was.
    ///
    /// - Parameter policy: of tables that may have a threshold of their own.
    /// - Throws: ``CommandFailure`` of status `usage`.
    func query(_ environment: [String: String], _ policy: ParsedPolicy?) throws(CommandFailure) -> QuotaQuery? {
        guard let quotaQuery else { return nil }
        let policies = [policy?.document.defaults].compactMap(\.self) + (policy?.document.tables ?? []).map(\.settings)
        guard quotaThreshold != nil || policies.contains(where: { $0.quotaThreshold != nil }) else {
            throw CommandFailure(
                .usage,
                "--quota-query needs a percentage from which on nothing is created",
                remedy: "give --quota-threshold, or quota: { threshold: … } in the policy file"
            )
        }
        guard let url = try ServiceOption.quotaPrometheus.url(quotaPrometheusURL, environment) else {
            throw CommandFailure(
                .usage,
                "--quota-query needs a Prometheus to ask",
                remedy: "give --quota-prometheus-url=http://host:9090, or set QUOTA_PROMETHEUS_URL"
            )
        }
        return QuotaConsultation(PrometheusQuery(url)).query(quotaQuery)
    }

    /// A table's own policy comes first, then the options, then the policy file's defaults.
    ///
    /// - Parameters:
    ///   - own: nil for what holds where a table says nothing.
    ///   - query: comes before the file system; see ``query(_:_:)``.
    /// - Returns: nil without a threshold.
    func guardian(_ own: PolicySettings?, _ defaults: PolicySettings?, _ query: QuotaQuery?) -> QuotaGuard? {
        let threshold = own?.quotaThreshold?.value ?? quotaThreshold ?? defaults?.quotaThreshold?.value
        let capacity = own?.quotaCapacity?.bytes ?? quotaCapacity ?? defaults?.quotaCapacity?.bytes
        return threshold.map {
            QuotaGuard(
                threshold: Double($0) / 100,
                declaredCapacity: capacity,
                query: query,
                isRequired: quotaRequired
            )
        }
    }
}
