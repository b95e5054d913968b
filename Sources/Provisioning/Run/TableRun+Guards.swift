// SPDX-License-Identifier: Apache-2.0
// Part of partition-cli. See LICENSE and CONTRIBUTING.md.

import LibPQ
import Partitioning

extension TableRun {
    /// Asks the guards before a step.
    ///
    /// - Returns: how long standbys were waited for, which is no part of the time for locks; nil where the step, and the rest with it, is
    ///   deferred, which is in the result.
    /// - Throws: the loss of the connection, a cancellation.
    func pass(_ step: Step, andRest rest: [Step] = [], _ result: inout Result) async throws -> Duration? {
        let answer = try await gate.ask(
            isCreation: step.creation != nil,
            connection,
            until: deadline,
            runEnd: runDeadline
        ) { laggards in
            tell(.waitingForReplication(table.name, laggards))
        }
        switch answer {
        case .go(let waivers, let waited):
            for waiver in waivers { note(waiver, &result) }
            return waited
        case .deferred(let reason, let event):
            note(event, &result)
            deferSteps([step] + rest, because: reason, &result)
            return nil
        }
    }

    /// Each thing once: the breaker's laggards change from partition to partition.
    private func note(_ event: GuardEvent, _ result: inout Result) {
        guard !result.guardEvents.contains(where: { $0.action.isSameKind(as: event.action) }) else { return }
        result.guardEvents.append(event)
        if let waived = event.waived, let finding = Finding(event, of: table.name) {
            tell(.guardWaived(waived, on: table.name, reason: finding.message))
        }
    }
}

extension GuardEvent.Action {
    fileprivate func isSameKind(as other: GuardEvent.Action) -> Bool {
        switch (self, other) {
        case (.deferredByWindow, .deferredByWindow), (.deferredByLag, .deferredByLag), (.windowWaived, .windowWaived),
            (.lagWaived, .lagWaived):
            true
        default: false
        }
    }
}

extension Finding {
    /// Loud words for a guard that stood back; nil for one that did its duty.
    init?(_ event: GuardEvent, of table: RelationName) {
        let left =
            event.daysRemaining.map { "only \(($0 * 10).rounded(.down) / 10) days of partitions were left" } ?? ""
        switch event.action {
        case .windowWaived(let window):
            self.init(
                .warning,
                .windowWaived,
                table: table,
                "partitions of \(table) were created outside the window \(window): \(left)",
                remedy: "see why runs inside the window didn't create them, or give the window more hours"
            )
        case .lagWaived(let laggards):
            self.init(
                .warning,
                .lagWaived,
                table: table,
                "\(table) was taken care of although replication lags: \(left), and \(laggards.words)",
                remedy:
                    "see to the standby or slot; drop the slot, or no longer expect the standby, if it is gone for good"
            )
        case .deferredByWindow, .deferredByLag: return nil
        }
    }
}
