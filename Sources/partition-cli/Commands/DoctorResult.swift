// SPDX-License-Identifier: Apache-2.0
// Part of partition-cli. See LICENSE and CONTRIBUTING.md.

import Partitioning
import Provisioning

/// What `doctor` found.
struct DoctorResult {
    var consultation: Consultation.Result
    var policyFile: String?

    var status: ExitStatus { ExitStatus(consultation.hazards) }

    private func count(_ severity: Finding.Severity) -> Int {
        consultation.hazards.filter { $0.severity == severity }.count
    }

    var page: Page {
        var page = Page()
        for hazard in consultation.hazards { page.section(HazardPage.page(of: hazard)) }
        if !page.isEmpty { page.line() }
        page.line(summary, .heading)
        return page
    }

    private var summary: String {
        let place = consultation.database.isEmpty ? "" : " in database \(consultation.database)"
        let parts = [("error", Finding.Severity.error), ("warning", .warning), ("note", .note)].compactMap {
            word,
            severity in count(severity) > 0 ? counted(count(severity), word) : nil
        }
        return parts.isEmpty ? "no hazard found\(place)" : "\(parts.joined(separator: ", "))\(place)"
    }

    struct View: Encodable {
        struct Summary: Encodable {
            var errors: Int
            var warnings: Int
            var notes: Int
        }

        let schemaVersion = 1
        let command = "doctor"
        var exitStatus: Int32
        var database: String
        @Nullable var now: String?
        @Nullable var serverVersion: String?
        @Nullable var isStandby: Bool?
        @Nullable var policyFile: String?
        @Nullable var registry: RegistryView?
        var summary: Summary
        var hazards: [HazardView]
        var convoys: [ConvoyView]
    }

    var view: View {
        View(
            exitStatus: status.code,
            database: consultation.database,
            now: consultation.server?.now.description,
            serverVersion: consultation.server.map { "\($0.version / 10_000).\($0.version % 10_000)" },
            isStandby: consultation.server?.isInRecovery,
            policyFile: policyFile,
            registry: consultation.registry.map(RegistryView.init),
            summary: View.Summary(errors: count(.error), warnings: count(.warning), notes: count(.note)),
            hazards: consultation.hazards.map(HazardView.init),
            convoys: consultation.convoys.map(ConvoyView.init)
        )
    }
}
