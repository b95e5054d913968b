// SPDX-License-Identifier: Apache-2.0
// Part of partition-cli. See LICENSE and CONTRIBUTING.md.

import Partitioning
import Provisioning

/// A hazard for programs.
struct HazardView: Encodable {
    var severity: String
    var code: String
    @Nullable var table: NameView?
    @Nullable var object: String?
    var message: String
    var evidence: [String]
    var cause: String
    @Nullable var remedy: String?

    init(_ hazard: Hazard) {
        severity = hazard.severity.rawValue
        code = hazard.code.name
        table = hazard.table.map(NameView.init)
        object = hazard.object
        message = hazard.message
        evidence = hazard.evidence
        cause = hazard.cause
        remedy = hazard.remedy
    }
}

/// A lock convoy for programs.
struct ConvoyView: Encodable {
    struct Waiter: Encodable {
        var session: BlockerView
        @Nullable var waitingSeconds: Double?
        var blockedBy: [Int]
    }

    /// nil where a prepared transaction is the root.
    @Nullable var root: BlockerView?
    @Nullable var preparedTransaction: String?
    /// The longest waiting first.
    var queue: [Waiter]
    /// The statement that ends the root.
    var endedBy: String

    init(_ convoy: LockConvoy) {
        switch convoy.root {
        case .session(let session): (root, preparedTransaction) = (BlockerView(session), nil)
        case .prepared(let transaction): (root, preparedTransaction) = (nil, transaction.identifier)
        }
        queue = convoy.queue.map { wait in
            Waiter(
                session: BlockerView(wait.waiter),
                waitingSeconds: wait.waited.map { ($0 * 1000).rounded() / 1000 },
                blockedBy: wait.blockedBy
            )
        }
        endedBy = convoy.command
    }
}
