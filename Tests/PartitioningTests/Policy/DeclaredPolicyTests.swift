// SPDX-License-Identifier: Apache-2.0
// Part of partition-cli. See LICENSE and CONTRIBUTING.md.

import Partitioning
import Testing

@Suite("A declared policy")
struct DeclaredPolicyTests {
    private static let now = "2026-11-22 12:00"

    private static func policy(
        _ period: Period = .month,
        table: String = "events",
        column: String = "event_ts",
        anchor: CivilDateTime? = nil,
        zone: String = "UTC",
        buffer: Int = 20,
        allowsDefault: Bool = true
    ) -> DeclaredPolicy {
        DeclaredPolicy(
            table: RelationName(schema: "public", name: table),
            column: column,
            period: period,
            anchor: anchor,
            timeZone: zone,
            buffer: Buffer(days: buffer),
            allowsDefaultPartition: allowsDefault,
            places: DeclaredPolicy.Places(table: "p:1:1", column: "p:2:2", period: "p:3:3", timeZone: "p:4:4")
        )
    }

    private static func plan(
        _ tables: [PartitionedTable],
        _ policies: [DeclaredPolicy],
        only: Set<RelationName>? = nil
    ) throws -> Plan {
        var snapshot = try CatalogSnapshot.of(tables, at: now)
        snapshot.declaredZones = ["UTC": .utc]
        return Planner(snapshot: snapshot, settings: PlanSettings(tables: only, declared: policies)).plan()
    }

    private static func made(_ plan: Plan) -> [String] {
        plan.steps.compactMap { if case .createPartition(let creation) = $0.action { creation.text } else { nil } }
    }

    @Test("grows a table without a single partition, which nothing can be read off")
    func empty() throws {
        let plan = try Self.plan([try .events([])], [Self.policy()])
        #expect(
            Self.made(plan) == [
                "events_2026_11 [2026-11-01, 2026-12-01)", "events_2026_12 [2026-12-01, 2027-01-01)",
            ]
        )
    }

    @Test("grows a set that nobody has extended for years: somebody says that it is in use")
    func dormant() throws {
        let table = try PartitionedTable.events(["events_2019_01 [2019-01-01, 2019-02-01)"])
        #expect(try Self.plan([table], [Self.policy()]).steps.count == 2)
    }

    @Test("rules over what the partitions look like, and goes on where they end")
    func otherInterval() throws {
        let table = try PartitionedTable.events([
            "events_2026_10 [2026-10-01, 2026-11-01)", "events_2026_11 [2026-11-01, 2026-12-01)",
        ])
        let plan = try Self.plan([table], [Self.policy(.week, buffer: 14)])
        // The rest of the week in which the month ends, then whole weeks.
        #expect(
            Self.made(plan) == ["events_20261201_20261207 [2026-12-01, 2026-12-07)"]
        )
        #expect(
            try Self.made(Self.plan([table], [Self.policy(.week, buffer: 16)])).last
                == "events_2026_w50 [2026-12-07, 2026-12-14)"
        )
    }

    @Test("counts from its anchor")
    func anchor() throws {
        let anchor = try civil("2026-01-15 00:00:00")
        let plan = try Self.plan([try .events([])], [Self.policy(anchor: anchor, buffer: 1)])
        #expect(Self.made(plan) == ["events_2026_11 [2026-11-15, 2026-12-15)"])
    }

    @Test("looks after listed tables only, each with its own buffer")
    func listed() throws {
        let tables = try ["a", "b", "c"].enumerated().map {
            try PartitionedTable.events(
                ["\($1)_2026_11 [2026-11-01, 2026-12-01)"],
                named: $1,
                oid: UInt32(1000 + $0 * 100)
            )
        }
        let policies = [Self.policy(table: "a", buffer: 20), Self.policy(table: "c", buffer: 50)]
        let plan = try Self.plan(tables, policies)
        #expect(plan.tables.map(\.table.name).sorted() == ["a", "c"])
        #expect(Self.made(plan).map { $0.prefix(9) } == ["a_2026_12", "c_2026_12", "c_2027_01"])
        let one = try Self.plan(tables, policies, only: [RelationName(schema: "public", name: "c")])
        #expect(one.tables.map(\.table.name) == ["c"])
    }

    @Test(
        "that doesn't fit its table is that table's failure, told with its place in the file",
        arguments: [
            (policy(column: "evnt_ts"), KeyType.timestamptz, "p:2:2: it is partitioned by the column event_ts"),
            (policy(.hour), .date, "p:3:3: its key is a date"),
            (policy(zone: "Europe/Pariss"), .timestamptz, "p:4:4: the server knows no time zone \"Europe/Pariss\""),
        ]
    )
    func mismatch(policy: DeclaredPolicy, key: KeyType, words: String) throws {
        let table = try PartitionedTable.events([], key: key)
        let other = try PartitionedTable.events([], named: "other", oid: 2000)
        let plan = try Self.plan([table, other], [policy, Self.policy(table: "other")])
        let mine = try #require(plan.tables.first { $0.table.name == "events" })
        #expect(mine.policy == nil && mine.steps.isEmpty)
        let finding = try #require(mine.findings.first)
        #expect(finding.severity == .error && finding.message.contains(words) && finding.remedy != nil)
        #expect(plan.tables.first { $0.table.name == "other" }?.steps.isEmpty == false)
    }

    @Test("of a table that isn't there is a failure that names what may be meant")
    func missing() throws {
        let plan = try Self.plan([try .events([])], [Self.policy(table: "evnts")])
        let mine = try #require(plan.tables.first)
        #expect(mine.table.name == "evnts" && mine.policy == nil)
        #expect(mine.findings.first?.severity == .error)
        #expect(mine.findings.first?.message.contains("p:1:1: there is no partitioned table") == true)
        #expect(mine.findings.first?.remedy?.contains("public.events may be meant") == true)
    }

    @Test("of a table in other hands is a failure, not a remark")
    func otherHands() throws {
        let table = try PartitionedTable.events([]).changing { $0.isMaintainedByPartman = true }
        let finding = try #require(try Self.plan([table], [Self.policy()]).findings.first)
        #expect(finding.severity == .error && finding.message.contains("pg_partman maintains it"))
    }

    @Test("that wants no default partition reports one, and takes nothing away")
    func unwantedDefault() throws {
        let table = try PartitionedTable.events(["rest DEFAULT"])
        let findings = try Self.plan([table], [Self.policy(allowsDefault: false)]).findings
        #expect(findings.contains { $0.code == .unwantedDefault && $0.severity == .warning })
        #expect(try !Self.plan([table], [Self.policy()]).findings.contains { $0.code == .unwantedDefault })
    }

    @Test("is planned in its own zone, and the session's isn't hinted at")
    func zone() throws {
        var snapshot = try CatalogSnapshot.of([try .events([])], at: Self.now, sessionZone: "Asia/Kolkata")
        snapshot.declaredZones = [
            "Asia/Kolkata": ZoneRules(name: "Asia/Kolkata", initialOffset: 19_800, transitions: [])
        ]
        let settings = PlanSettings(declared: [Self.policy(zone: "Asia/Kolkata", buffer: 1)])
        let plan = Planner(snapshot: snapshot, settings: settings).plan()
        #expect(Self.made(plan) == ["events_2026_11 [2026-10-31 18:30, 2026-11-30 18:30)"])
        #expect(!plan.findings.contains { $0.code == .zoneHint })
    }
}
