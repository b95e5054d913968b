// SPDX-License-Identifier: Apache-2.0
// Part of partition-cli. See LICENSE and CONTRIBUTING.md.

import Provisioning

/// What keeps a run from a table now, for people.
enum HindrancePage {
    static func page(of hindrance: Hindrance) -> Page {
        var page = Page()
        page.line("not now: \(hindrance.reason)", indent: 2, .removed)
        if let remedy = hindrance.remedy { page.labelled("to do", remedy, indent: 4) }
        return page
    }
}

/// The same for programs.
struct HindranceView: Encodable {
    var kind: String
    var reason: String
    @Nullable var remedy: String?

    init(_ hindrance: Hindrance) {
        kind = hindrance.kind.rawValue
        reason = hindrance.reason
        remedy = hindrance.remedy
    }
}
