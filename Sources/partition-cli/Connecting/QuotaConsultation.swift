// SPDX-License-Identifier: Apache-2.0
// Part of partition-cli. See LICENSE and CONTRIBUTING.md.

import Provisioning
import Telemetry

/// One command's questions to a Prometheus about how full tablespaces are.
///
/// Where nobody answers, the first question waits for its time limit and the others have that answer too: a run with a hundred tables must not wait
/// a hundred times.
actor QuotaConsultation {
    private let prometheus: PrometheusQuery
    private var outage: Failure?

    init(_ prometheus: PrometheusQuery) {
        self.prometheus = prometheus
    }

    nonisolated func query(_ text: String) -> QuotaQuery {
        QuotaQuery(text) { try await self.value(of: $0) }
    }

    private func value(of expression: String) async throws -> Double {
        if let outage { throw outage }
        do {
            return try await prometheus.value(of: expression)
        } catch {
            // What a cancelled question ended with says nothing.
            try Task.checkCancellation()
            let failure = Failure(message: error.message + (error.remedy.map { "; \($0)" } ?? ""))
            if error.isOutage { outage = failure }
            throw failure
        }
    }
}
