// SPDX-License-Identifier: Apache-2.0
// Part of partition-cli. See LICENSE and CONTRIBUTING.md.

import Partitioning
import Provisioning

/// What the lag breaker saw and did.
struct ReplicationView: Encodable {
    var maxLagSeconds: Double
    var isOpen: Bool
    var openings: Int
    var waitedSeconds: Double
    @Nullable var lagSeconds: Double?
    var receivers: [LaggardView]
    var openedBy: [LaggardView]
    @Nullable var missingGrant: String?
    @Nullable var blindBecause: String?

    init?(_ report: ReplicationReport?) {
        guard let report, let limit = report.maxLagSeconds else { return nil }
        maxLagSeconds = limit
        isOpen = report.isOpen
        openings = report.openings
        waitedSeconds = report.waitedSeconds.thousandths
        lagSeconds = report.lagSeconds?.thousandths
        receivers = report.receivers.map(LaggardView.init)
        openedBy = report.openedBy.map(LaggardView.init)
        missingGrant = report.missingGrant
        blindBecause = report.blindBecause
    }
}

struct LaggardView: Encodable {
    var kind: String
    var name: String
    @Nullable var address: String?
    @Nullable var lagSeconds: Double?
    @Nullable var unconfirmedBytes: Int64?

    init(_ laggard: Laggard) {
        kind = laggard.kind.rawValue
        name = laggard.name
        address = laggard.address
        lagSeconds = laggard.seconds?.thousandths
        unconfirmedBytes = laggard.bytes
    }
}

/// What a guard did about a table.
struct GuardEventView: Encodable {
    var `guard`: String
    var action: String
    @Nullable var daysRemaining: Double?
    @Nullable var opensNext: String?
    var laggards: [LaggardView]

    init(_ event: GuardEvent) {
        daysRemaining = event.daysRemaining?.thousandths
        laggards = []
        switch event.action {
        case .deferredByWindow(let next):
            (self.guard, action, opensNext) = ("window", "deferred", next?.description)
        case .windowWaived: (self.guard, action) = ("window", "waived")
        case .deferredByLag(let late):
            (self.guard, action, laggards) = ("lag", "deferred", late.map(LaggardView.init))
        case .lagWaived(let late):
            (self.guard, action, laggards) = ("lag", "waived", late.map(LaggardView.init))
        }
    }
}

extension ReplicationReport {
    /// For people: what they should know of the breaker besides what it did to tables.
    var remarks: [String] {
        var remarks: [String] = []
        if let missingGrant {
            remarks.append(
                "how far standbys are behind can't be seen by this role, and is not looked at: \(missingGrant)"
            )
        }
        if let blindBecause { remarks.append("how far standbys are behind could not be looked at: \(blindBecause)") }
        if openings > 0 {
            let state = isOpen ? "is open" : "has closed again"
            let time = (waitedSeconds * 10).rounded() / 10
            remarks.append("the lag breaker \(state), after \(time) s of waiting; it was opened by: \(openedBy.words)")
        }
        return remarks
    }
}

extension Double {
    fileprivate var thousandths: Double { (self * 1000).rounded() / 1000 }
}
