// SPDX-License-Identifier: Apache-2.0
// Part of partition-cli. See LICENSE and CONTRIBUTING.md.

import Partitioning
import PolicyFile
import Testing

@Suite("A policy as a value")
struct DocumentTests {
    @Test("INTERFACE's example says what it says")
    func interface() throws {
        let document = try read(PolicySample.interface).document
        #expect(document.database?.template == "${DB_URL}")
        #expect(document.registry?.template == "${REGISTRY_URL}")
        #expect(
            document.defaults
                == PolicySettings(
                    buffer: PolicyDuration(60, .day),
                    window: DailyWindow(start: 120, end: 300),
                    emergency: PolicyDuration(14, .day),
                    timeZone: try ZoneName(parsing: "UTC"),
                    quotaThreshold: Percentage(80),
                    quotaCapacity: ByteSize(bytes: 2_199_023_255_552)
                )
        )
        let events = PolicyTable(
            name: RelationName(schema: "public", name: "events"),
            levels: [.range(RangeLevel(column: try CatalogName(parsing: "event_ts"), period: .month))],
            names: try NamePattern(parsing: "{table}_{yyyy}_{mm}"),
            defaultPartition: .keep,
            drain: .auto,
            adopt: true,
            retention: RetentionRule(
                after: PolicyDuration(13, .month),
                action: .detach,
                grace: PolicyDuration(7, .day)
            )
        )
        let tenants = ListLevel(
            column: try CatalogName(parsing: "tenant_id"),
            values: .query("select id from app.tenants")
        )
        let orders = PolicyTable(
            name: RelationName(schema: "app", name: "orders"),
            levels: [
                .list(tenants), .range(RangeLevel(column: try CatalogName(parsing: "event_ts"), period: .day)),
            ]
        )
        #expect(document.tables == [events, orders])
    }

    @Test("every setting of a table is its own, and the rest comes from the defaults")
    func inheritance() throws {
        let document = try read(
            """
            defaults:
              buffer: 60d
              timezone: UTC
              emergency: 1 week
              window: 01:00-02:00
              quota: { threshold: 80%, capacity: 2 TiB }
            tables:
              a.b:
                by: { range: ts, every: day }
                buffer: 30d
                quota: { threshold: 90% }
              a.c:
                by: { range: ts, every: day }
                timezone: Europe/Berlin
                emergency: 2d
                window: 03:00-04:00
                quota: { capacity: 500 GB }

            """
        ).document
        let first = document.settings(for: document.tables[0])
        #expect(first.buffer == PolicyDuration(30, .day))
        #expect(first.timeZone?.text == "UTC")
        #expect(first.emergency == PolicyDuration(1, .week))
        #expect(first.window == DailyWindow(start: 60, end: 120))
        #expect(first.quotaThreshold == Percentage(90))
        #expect(first.quotaCapacity == ByteSize(bytes: 2 << 40))
        let second = document.settings(for: document.tables[1])
        #expect(second.buffer == PolicyDuration(60, .day))
        #expect(second.timeZone?.text == "Europe/Berlin")
        #expect(second.emergency == PolicyDuration(2, .day))
        #expect(second.window == DailyWindow(start: 180, end: 240))
        #expect(second.quotaThreshold == Percentage(80))
        #expect(second.quotaCapacity == ByteSize(bytes: 500_000_000_000))
    }

    /// The only level of the only table.
    private func level(_ text: String) throws -> PolicyLevel {
        try #require(try read(PolicySample.by(text)).document.tables.first?.levels.first)
    }

    @Test("a level by range has its period, the day of its weeks, and its anchor")
    func ranges() throws {
        let column = try CatalogName(parsing: "Event Time")
        #expect(
            try level("range: Event Time, every: 2 weeks, start: sunday, anchor: 2026-01-04")
                == .range(
                    RangeLevel(
                        column: column,
                        period: #require(Period(count: 2, unit: .week, weekStart: 7)),
                        anchor: CivilDateTime(parsing: "2026-01-04 00:00:00")
                    )
                )
        )
        #expect(
            try level("range: Event Time, every: 6 hours, anchor: 2026-01-01 03:30")
                == .range(
                    RangeLevel(
                        column: column,
                        period: #require(Period(count: 6, unit: .hour)),
                        anchor: CivilDateTime(parsing: "2026-01-01 03:30:00")
                    )
                )
        )
    }

    @Test("a grid begins at the anchor, or where grids of its period begin")
    func grids() throws {
        let column = try CatalogName(parsing: "ts")
        #expect(RangeLevel(column: column, period: .month).grid(on: .civil) == Grid(period: .month, timeline: .civil))
        let anchor = try #require(CivilDateTime(parsing: "2026-01-15"))
        #expect(
            RangeLevel(column: column, period: .month, anchor: anchor).grid(on: .civil)
                == Grid(period: .month, anchor: anchor, timeline: .civil)
        )
    }

    @Test("values of a list are text, and null is none")
    func lists() throws {
        #expect(
            try level("list: region, values: [eu, \"42\", 7, -1.5, null, true, \"null\"]")
                == .list(
                    ListLevel(
                        column: CatalogName(parsing: "region"),
                        values: .literal(["eu", "42", "7", "-1.5", nil, "true", "null"])
                    )
                )
        )
    }

    @Test("a level by hash has its modulus")
    func hashes() throws {
        #expect(try level("hash: id, modulus: 8") == .hash(HashLevel(column: CatalogName(parsing: "id"), modulus: 8)))
    }

    @Test("every action of retention has its keys")
    func retention() throws {
        func rule(_ keys: String) throws -> RetentionRule? {
            try read(PolicySample.events + "    retain: { \(keys) }\n").document.tables.first?.retention
        }
        let year = PolicyDuration(1, .year)
        #expect(try rule("then: keep") == RetentionRule(after: nil, action: .keep))
        #expect(try rule("for: 1y, then: detach") == RetentionRule(after: year, action: .detach))
        #expect(
            try rule("for: 1y, then: drop, grace: 2d")
                == RetentionRule(after: year, action: .drop, grace: PolicyDuration(2, .day))
        )
        #expect(
            try rule("for: 1y, then: move, schema: Old")
                == RetentionRule(after: year, action: .move(schema: CatalogName(parsing: "Old")))
        )
        #expect(
            try rule("for: 1y, then: archive, to: /a")
                == RetentionRule(after: year, action: .archive(to: "/a", drop: false))
        )
        #expect(
            try rule("for: 1y, then: archive, to: /a, drop: true")
                == RetentionRule(after: year, action: .archive(to: "/a", drop: true))
        )
    }
}
