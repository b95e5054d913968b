// SPDX-License-Identifier: Apache-2.0
// Part of partition-cli. See LICENSE and CONTRIBUTING.md.

import Partitioning
import Testing

@testable import Provisioning

@Suite("Hazards, from what was read")
struct HazardTests {
    @Test(
        "minor versions with bugs in foreign keys of partitioned tables are named with the one that fixes them",
        arguments: [
            (130_016, ["13.17", "13.21"]), (140_013, ["14.14", "14.18"]), (140_017, ["14.18"]), (140_018, []),
            (150_008, ["15.9", "15.13"]), (150_012, ["15.13"]), (150_013, []), (160_004, ["16.5", "16.9"]),
            (160_009, []), (170_000, ["17.1", "17.5"]), (170_004, ["17.5"]), (170_005, []), (180_000, []),
        ]
    )
    func minorVersions(version: Int, fixes: [String]) {
        let keys = ForeignKeyFacts(betweenPartitioned: ["a of b"], selfReferential: ["c of d"])
        let hazards = Hazard.hazards(ofVersion: version, keys)
        #expect(hazards.map(\.code) == fixes.map { _ in .minorVersion })
        for (hazard, fix) in zip(hazards, fixes) {
            #expect(hazard.message.hasSuffix("; \(fix) fixes it") && hazard.severity == .warning)
        }
        #expect(Hazard.hazards(ofVersion: version, ForeignKeyFacts()).allSatisfy { $0.severity == .note })
    }

    @Test("a broken foreign key comes with the statements that make it anew, on whatever version")
    func brokenForeignKey() throws {
        let broken = ForeignKeyFacts.Broken(
            table: "public.notes",
            constraint: "k",
            missing: 2,
            isSelfReferential: false,
            repair: "ALTER TABLE public.notes DROP CONSTRAINT \"k\";"
        )
        let hazard = try #require(Hazard.hazards(ofVersion: 180_004, ForeignKeyFacts(broken: [broken])).first)
        #expect(hazard.code == .brokenForeignKey && hazard.severity == .error)
        #expect(hazard.message.hasSuffix("isn't enforced on 2 partitions"))
        #expect(hazard.remedy?.hasPrefix("ALTER TABLE public.notes DROP CONSTRAINT") == true)
    }

    @Test(
        "a clock is off from 60 s on, less what the measurement may be wrong by",
        arguments: [(59.9, 0.0, nil), (60.5, 1.0, nil), (61.5, 1.0, "ahead of"), (-3600.0, 0.1, "behind")]
    )
    func clock(skew: Double, uncertainty: Double, words: String?) {
        let hazard = Hazard.hazard(of: ClockReading(skew: skew, uncertainty: uncertainty))
        #expect((hazard != nil) == (words != nil))
        if let words { #expect(hazard?.message.contains(words) == true && hazard?.severity == .error) }
    }

    @Test(
        "a table's locks count against the lock table: one query, four of them, or more than the fast-path slots",
        arguments: [
            (150_000, 6401, 0, Finding.Severity.error), (150_000, 6400, 0, .warning), (150_000, 1601, 0, .warning),
            (150_000, 1600, 0, .note), (150_000, 257, 0, .note), (150_000, 256, 0, nil), (150_000, 17, 1, .warning),
            (150_000, 16, 1, nil), (180_000, 64, 1, nil), (180_000, 65, 1, .warning),
        ]
    )
    func lockTable(version: Int, relations: Int, waiters: Int, severity: Finding.Severity?) {
        let facts = LockTableFacts(
            version: version,
            maxLocksPerTransaction: 64,
            maxConnections: 100,
            waiters: waiters,
            tables: [.init(name: RelationName(schema: "s", name: "t"), partitions: 9, relations: relations)]
        )
        #expect(Hazard.hazards(of: facts).first?.severity == severity)
    }

    @Test(
        "from PostgreSQL 18 on the fast-path slots follow max_locks_per_transaction",
        arguments: [(64, 64), (65, 128), (5, 16)]
    )
    func fastPath(setting: Int, slots: Int) {
        func facts(_ version: Int) -> LockTableFacts {
            LockTableFacts(version: version, maxLocksPerTransaction: setting, maxConnections: 1, tables: [])
        }
        #expect(facts(180_000).fastPathSlots == slots)
        #expect(facts(170_009).fastPathSlots == 16)
    }

    @Test("slots are hazards when nobody reads them and they hold something, or when their WAL is going")
    func slots() {
        let slots = [
            ReplicationSlot(
                name: "busy",
                isActive: true,
                snapshotAge: 5,
                retainedBytes: 1 << 40,
                walStatus: "extended"
            ),
            ReplicationSlot(name: "idle", isActive: false, retainedBytes: 1 << 20, walStatus: "reserved"),
            ReplicationSlot(name: "snapshot", isActive: false, snapshotAge: 0, walStatus: "reserved"),
            ReplicationSlot(name: "wal", isActive: false, retainedBytes: 1 << 30, walStatus: "reserved"),
            ReplicationSlot(name: "lo'st", isActive: true, walStatus: "lost"),
        ]
        let hazards = Hazard.hazards(of: slots)
        #expect(hazards.map(\.object) == ["snapshot", "wal", "lo'st"])
        #expect(hazards.map(\.severity) == [.warning, .warning, .error])
        #expect(hazards.last?.remedy?.contains("pg_drop_replication_slot('lo''st')") == true)
    }

    @Test(
        "a long transaction is in the way where it holds a partitioned table, else only of vacuum; a convoy's root is told once"
    )
    func longTransactions() {
        func facts(_ pid: Int, age: Double?, tables: [String] = [], vacuum: Bool = false) -> SessionFacts {
            SessionFacts(
                session: Blocker(
                    relation: "",
                    mode: "",
                    pid: pid,
                    state: age == nil ? nil : "idle in transaction",
                    transactionAge: age,
                    isAutovacuum: vacuum,
                    isWraparoundVacuum: vacuum
                ),
                isHidden: age == nil,
                tables: tables
            )
        }
        let root = Blocker(
            relation: "t",
            mode: "m",
            pid: 7,
            transactionAge: 900,
            isAutovacuum: false,
            isWraparoundVacuum: false
        )
        let sessions = [
            facts(1, age: 59, tables: ["x"]), facts(2, age: 60, tables: ["x"]), facts(3, age: 3599),
            facts(4, age: 3600),
            facts(5, age: nil), facts(6, age: 900, tables: ["x"], vacuum: true), facts(7, age: 900, tables: ["x"]),
        ]
        let hazards = Hazard.hazards(
            of: sessions,
            besides: [LockConvoy(root: .session(root), queue: [])],
            threshold: 60
        )
        #expect(hazards.map(\.object) == ["pid 2", "pid 3", "pid 4", "pid 6"])
        #expect(hazards.map(\.severity) == [.warning, .note, .warning, .warning])
        #expect(hazards.last?.code == .wraparoundVacuum)
        #expect(Hazard.blindSpot(among: sessions, role: "a\"b")?.remedy == "GRANT pg_read_all_stats TO \"a\"\"b\"")
        #expect(Hazard.blindSpot(among: [facts(1, age: 0)], role: "r") == nil)
    }

    @Test("every hazard has a name of its own and says why it is one")
    func names() {
        let codes: [Hazard.Code] = [
            .lockConvoy, .longTransaction, .preparedTransaction, .wraparoundVacuum, .replicationSlot, .standby,
            .clockSkew,
            .lockTableSize, .pooler, .privilege, .notExamined, .minorVersion, .brokenForeignKey, .orphanTable,
            .insertFailures, .misroutedRows, .rowsInDefault, .registryUnreachable, .registryLeftover, .redisPersistence,
            .redisEviction, .registryEndpoint, .etcdSpace, .finding(.gap), .finding(.missingIndex),
            .finding(.registryDrift),
        ]
        #expect(Set(codes.map(\.name)).count == codes.count)
        #expect(codes.allSatisfy { !Hazard(.note, $0, "").cause.isEmpty })
    }
}
