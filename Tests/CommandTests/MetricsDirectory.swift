// SPDX-License-Identifier: Apache-2.0
// Part of partition-cli. See LICENSE and CONTRIBUTING.md.

import Foundation
import Telemetry

/// A directory for a test's metrics file, and what is in the file.
struct MetricsDirectory {
    let path: String

    init() throws {
        // node_exporter reads it as the user that the tests run as.
        path = FileManager.default.temporaryDirectory.appendingPathComponent("metrics-\(UUID())").path
        try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
    }

    var file: String { "\(path)/partition.prom" }

    var text: String {
        get throws { try String(contentsOfFile: file, encoding: .utf8) }
    }

    var samples: [MetricSample] {
        get throws { try MetricSample.samples(of: text) }
    }

    /// The one series of this name, of this table where several have one; nil where there is none.
    func value(_ name: String, table: String? = nil) throws -> Double? {
        let found = try samples.filter { $0.name == name && (table == nil || $0.labels["table"] == table) }
        return found.count == 1 ? found[0].value : nil
    }

    func remove() { try? FileManager.default.removeItem(atPath: path) }
}
