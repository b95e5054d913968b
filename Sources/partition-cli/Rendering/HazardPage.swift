// SPDX-License-Identifier: Apache-2.0
// Part of partition-cli. See LICENSE and CONTRIBUTING.md.

import Partitioning
import Provisioning

/// A hazard for people: what is the case, what says so, why it matters, what to do.
enum HazardPage {
    static func page(of hazard: Hazard) -> Page {
        var page = Page()
        page.line("\(hazard.severity.rawValue): \(hazard.message)", tone(hazard.severity))
        for fact in hazard.evidence { page.line(fact, indent: 4, .faint) }
        page.line("why: \(hazard.cause)", indent: 2)
        if let remedy = hazard.remedy { page.line("to do: \(remedy)", indent: 2) }
        return page
    }

    private static func tone(_ severity: Finding.Severity) -> Page.Tone {
        switch severity {
        case .note: .plain
        case .warning: .changed
        case .error: .removed
        }
    }
}
