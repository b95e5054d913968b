// SPDX-License-Identifier: Apache-2.0
// Part of partition-cli. See LICENSE and CONTRIBUTING.md.

import NIOHTTP1

#if canImport(FoundationEssentials)
    import FoundationEssentials
#else
    import Foundation
#endif

/// A Prometheus Pushgateway, which keeps the metrics of runs that have ended until Prometheus fetches them.
package struct Pushgateway: Sendable {
    package static let job = "partition-cli"
    private static let type = "text/plain; version=0.0.4; charset=utf-8"

    private let client: ServiceClient
    private let database: String

    /// - Parameters:
    ///   - database: with the job, the key of the group that is replaced.
    ///   - timeout: of each of its two requests.
    package init(_ url: ServiceURL, database: String, timeout: Duration = .seconds(5)) {
        client = ServiceClient(url: url, name: "the Pushgateway", timeout: timeout)
        self.database = database
    }

    /// What our last run on this database pushed.
    ///
    /// - Throws: ``TelemetryError``.
    package func samples() async throws(TelemetryError) -> [MetricSample] {
        let answer = try await client.send(.GET, "/metrics", limit: 32 << 20)
        return try MetricSample.samples(of: answer.body).compactMap { sample in
            guard sample.labels["job"] == Self.job, sample.labels["database"] == database else { return nil }
            var sample = sample
            // The Pushgateway's own.
            sample.labels["job"] = nil
            sample.labels["instance"] = nil
            return sample
        }
    }

    /// Pushes a text of metrics.
    ///
    /// - Parameter replacing: whether all that was pushed before goes (PUT), or only metrics of the same names (POST): for a run that
    ///   could not see what was there.
    /// - Throws: ``TelemetryError``.
    package func push(_ text: String, replacing: Bool) async throws(TelemetryError) {
        let path = "/metrics/job/\(Self.job)/" + Self.grouping("database", database)
        try await client.send(replacing ? .PUT : .POST, path, body: (text, Self.type))
    }

    /// Part of a grouping key in a path; in base64 where the value isn't plain.
    static func grouping(_ label: String, _ value: String) -> String {
        let isPlain = value.allSatisfy { $0.isASCII && ($0.isLetter || $0.isNumber || "_-".contains($0)) }
        if isPlain, !value.isEmpty { return "\(label)/\(value)" }
        let encoded = Data(value.utf8).base64EncodedString().replacing("+", with: "-").replacing("/", with: "_")
        // The padding alone stands for the empty value.
        return "\(label)@base64/\(encoded.isEmpty ? "=" : encoded)"
    }
}
