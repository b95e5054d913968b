// SPDX-License-Identifier: Apache-2.0
// Part of partition-cli. See LICENSE and CONTRIBUTING.md.

/// PostgreSQL's table lock modes, weakest first (documentation, "Explicit Locking").
package enum LockMode: String, Hashable, Codable, Sendable, CaseIterable, Comparable {
    case accessShare = "ACCESS SHARE"
    case rowShare = "ROW SHARE"
    case rowExclusive = "ROW EXCLUSIVE"
    case shareUpdateExclusive = "SHARE UPDATE EXCLUSIVE"
    case share = "SHARE"
    case shareRowExclusive = "SHARE ROW EXCLUSIVE"
    case exclusive = "EXCLUSIVE"
    case accessExclusive = "ACCESS EXCLUSIVE"

    /// The name in `pg_locks.mode`, for example `AccessExclusiveLock`.
    package var catalogName: String {
        rawValue.split(separator: " ").map { $0.prefix(1) + $0.dropFirst().lowercased() }.joined() + "Lock"
    }

    /// Whether readers or writers of the table have to wait while somebody waits for, or holds, this lock.
    package var stallsApplications: Bool { self >= .share }

    /// The modes that a holder must not have for this one to be granted (the conflict table of the documentation).
    package var conflicts: [LockMode] {
        switch self {
        case .accessShare: [.accessExclusive]
        case .rowShare: [.exclusive, .accessExclusive]
        case .rowExclusive: [.share, .shareRowExclusive, .exclusive, .accessExclusive]
        case .shareUpdateExclusive:
            [.shareUpdateExclusive, .share, .shareRowExclusive, .exclusive, .accessExclusive]
        case .share: [.rowExclusive, .shareUpdateExclusive, .shareRowExclusive, .exclusive, .accessExclusive]
        case .shareRowExclusive:
            [.rowExclusive, .shareUpdateExclusive, .share, .shareRowExclusive, .exclusive, .accessExclusive]
        case .exclusive: Array(LockMode.allCases.dropFirst())
        case .accessExclusive: LockMode.allCases
        }
    }

    package static func < (left: LockMode, right: LockMode) -> Bool { left.rank < right.rank }

    private var rank: Int { Self.allCases.firstIndex(of: self) ?? 0 }
}

/// A lock that a step takes on a relation that others use.
package struct LockUse: Hashable, Codable, Sendable {
    package var relation: RelationName
    package var oid: UInt32
    package var mode: LockMode

    package init(relation: RelationName, oid: UInt32, mode: LockMode) {
        self.relation = relation
        self.oid = oid
        self.mode = mode
    }
}

/// A partition to be made, or adopted, and attached.
package struct PartitionCreation: Hashable, Codable, Sendable {
    package var name: RelationName
    package var range: KeyRange
    /// The bounds as PostgreSQL reads them, not quoted: the lower inclusive, the upper exclusive.
    package var lowerBound: String
    package var upperBound: String
    /// The range holds now, or the past: rows for it can arrive while it is being attached.
    package var receivesWritesNow: Bool
    /// An empty table of this name with the right definition stands there already: attach this one, and no other that may get the name.
    package var adoptedOID: UInt32?

    package init(
        name: RelationName,
        range: KeyRange,
        lowerBound: String,
        upperBound: String,
        receivesWritesNow: Bool,
        adoptedOID: UInt32? = nil
    ) {
        self.name = name
        self.range = range
        self.lowerBound = lowerBound
        self.upperBound = upperBound
        self.receivesWritesNow = receivesWritesNow
        self.adoptedOID = adoptedOID
    }

    package var adoptsExisting: Bool { adoptedOID != nil }
}

/// One change of the database, with everything needed to judge it before it is made.
package struct Step: Hashable, Codable, Sendable {
    package enum Action: Hashable, Codable, Sendable {
        case createPartition(PartitionCreation)
        /// Build the missing child of a parent's index without blocking writers, and attach it.
        case repairIndex(IndexGap)
        /// Complete a `DETACH … CONCURRENTLY` of a partition of ours that was interrupted.
        case finalizeDetach(partition: RelationName)
        /// Drop a CHECK that an interrupted run of ours left on the default partition, where it refuses rows.
        case dropLeftoverCheck(constraint: String, defaultPartition: RelationName)
        /// Drop an empty table that an interrupted run of ours built and never attached, and that no range needs any more.
        case dropUnattached(table: RelationName, oid: UInt32)
    }

    package var table: RelationName
    package var tableOID: UInt32
    package var action: Action
    /// Why, in one sentence.
    package var reason: String
    /// What must still hold when the step runs; checked again under the lock.
    package var precondition: String
    /// The locks it takes on relations that others use, in the order in which they are taken.
    package var locks: [LockUse]
    package var runsInTransaction: Bool

    package init(
        table: RelationName,
        tableOID: UInt32,
        action: Action,
        reason: String,
        precondition: String,
        locks: [LockUse],
        runsInTransaction: Bool
    ) {
        self.table = table
        self.tableOID = tableOID
        self.action = action
        self.reason = reason
        self.precondition = precondition
        self.locks = locks
        self.runsInTransaction = runsInTransaction
    }

    /// What the step makes or changes, for people and programs.
    package var target: String {
        switch action {
        case .createPartition(let creation): creation.name.description
        case .repairIndex(let gap): "\(gap.parentIndex.name) on \(gap.partition)"
        case .finalizeDetach(let partition): partition.description
        case .dropLeftoverCheck(let constraint, let partition): "\(constraint) on \(partition)"
        case .dropUnattached(let table, _): table.description
        }
    }
}
