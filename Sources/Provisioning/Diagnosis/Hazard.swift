// SPDX-License-Identifier: Apache-2.0
// Part of partition-cli. See LICENSE and CONTRIBUTING.md.

package import Partitioning

/// Something around the partitions that does harm, or is going to: what is the case, the evidence, why it matters, what to do.
package struct Hazard: Hashable, Sendable {
    /// Stable names for programs; part of the JSON contract.
    package enum Code: Hashable, Sendable {
        case lockConvoy, longTransaction, preparedTransaction, wraparoundVacuum
        case replicationSlot, standby, clockSkew, lockTableSize
        case pooler, privilege, notExamined
        case minorVersion, brokenForeignKey
        case orphanTable, insertFailures, misroutedRows, rowsInDefault
        case registryUnreachable, registryLeftover, registryEndpoint, redisPersistence, redisEviction, etcdSpace
        /// What `verify` finds, too.
        case finding(Finding.Code)
    }

    /// `note`: worth knowing. `warning`: it is going to be in the way. `error`: it does harm now, or rows are at stake.
    package var severity: Finding.Severity
    package var code: Code
    /// nil where it is no single table's.
    package var table: RelationName?
    /// The session, slot, partition or other object concerned, for people.
    package var object: String?
    /// What is the case: one sentence without a full stop.
    package var message: String
    /// What was read that says so, one fact an element.
    package var evidence: [String]
    /// What to do, with the command where there is one.
    package var remedy: String?

    package init(
        _ severity: Finding.Severity,
        _ code: Code,
        table: RelationName? = nil,
        object: String? = nil,
        _ message: String,
        evidence: [String] = [],
        remedy: String? = nil
    ) {
        self.severity = severity
        self.code = code
        self.table = table
        self.object = object
        self.message = message
        self.evidence = evidence
        self.remedy = remedy
    }
}

extension Hazard.Code {
    /// The stable name.
    package var name: String {
        switch self {
        case .lockConvoy: "lock-convoy"
        case .longTransaction: "long-transaction"
        case .preparedTransaction: "prepared-transaction"
        case .wraparoundVacuum: "wraparound-vacuum"
        case .replicationSlot: "replication-slot"
        case .standby: "standby"
        case .clockSkew: "clock-skew"
        case .lockTableSize: "lock-table-size"
        case .pooler: "pooler"
        case .privilege: "privilege"
        case .notExamined: "not-examined"
        case .minorVersion: "minor-version"
        case .brokenForeignKey: "broken-foreign-key"
        case .orphanTable: "orphan-table"
        case .insertFailures: "insert-failures"
        case .misroutedRows: "misrouted-rows"
        case .rowsInDefault: "rows-in-default"
        case .registryUnreachable: "registry-unreachable"
        case .registryLeftover: "registry-leftover"
        case .redisPersistence: "redis-persistence"
        case .redisEviction: "redis-eviction"
        case .registryEndpoint: "registry-endpoint"
        case .etcdSpace: "etcd-space"
        case .finding(let code): code.rawValue
        }
    }
}
