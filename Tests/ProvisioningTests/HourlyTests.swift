// SPDX-License-Identifier: Apache-2.0
// Part of partition-cli. See LICENSE and CONTRIBUTING.md.

import LibPQ
import Partitioning
import Provisioning
import Testing
import TestSupport

@Suite("An hourly table on a day on which the clocks change", .temporaryDatabase)
struct HourlyTests {
    struct Change: Sendable, CustomTestStringConvertible {
        var zone: String
        var day: String
        var hours: Int
        var testDescription: String { "\(zone) \(day)" }
    }

    @Test(
        "has a partition for each hour that there is, no gap and no name twice",
        arguments: [
            Change(zone: "Europe/Paris", day: "2026-10-25", hours: 25),
            Change(zone: "Europe/Paris", day: "2027-03-28", hours: 23),
            // There the repeated hour is the one from midnight on; for PostgreSQL the next day begins with its second time.
            Change(zone: "America/Havana", day: "2026-10-31", hours: 25),
            Change(zone: "America/Havana", day: "2027-03-14", hours: 23),
            Change(zone: "Asia/Kolkata", day: "2026-10-25", hours: 24),
            Change(zone: "America/Sao_Paulo", day: "2027-03-14", hours: 24),
        ],
        [true, false]
    )
    func everyHour(_ change: Change, named: Bool) async throws {
        let fixture = try await Fixture()
        let zone: Statement = "\(literal: change.zone)"
        let midnight: Statement = "(\(literal: change.day)::timestamp AT TIME ZONE \(fragment: zone))"
        // The first hour of the day before the day before is there; the plan is of that moment.
        let first = try #require(
            try await fixture.string(
                "SELECT to_char((\(fragment: midnight) - interval '48 hours') AT TIME ZONE 'UTC', 'YYYY-MM-DD\"T\"HH24:MI:SS\"Z\"') AS v"
            )
        )
        try await fixture.execute(
            "SET TimeZone = 'UTC'",
            "CREATE TABLE hours (at timestamptz NOT NULL) PARTITION BY RANGE (at)",
            """
            DO \(literal: """
                BEGIN EXECUTE format('CREATE TABLE hours_first PARTITION OF hours FOR VALUES FROM (%L) TO (%L)',
                    '\(first)', '\(first)'::timestamptz + interval '1 hour'); END
                """)
            """
        )
        let now = try #require(Instant(parsing: first))
        let settings = PlanSettings(bufferDays: 4, timeZone: named ? change.zone : nil)
        let plan = try await fixture.plan(at: now, settings: settings)
        let creations = plan.steps.compactMap { step in
            if case .createPartition(let creation) = step.action { creation } else { nil }
        }
        for creation in creations {
            try await fixture.execute(
                """
                CREATE TABLE \(qualified: creation.name.schema, creation.name.name) PARTITION OF hours
                FOR VALUES FROM (\(literal: creation.lowerBound)) TO (\(literal: creation.upperBound))
                """
            )
        }
        #expect(Set(creations.map(\.name)).count == creations.count)

        // Every quarter of an hour of that day finds its partition, and each partition has four.
        try await fixture.execute(
            """
            INSERT INTO hours SELECT t FROM generate_series(\(fragment: midnight),
                ((\(literal: change.day)::timestamp + interval '1 day') AT TIME ZONE \(fragment: zone)) - interval '1 second', interval '15 minutes') t
            """
        )
        let filled = try await fixture.strings("SELECT count(*)::text AS v FROM hours GROUP BY tableoid")
        #expect(filled.count == change.hours && filled.allSatisfy { $0 == "4" }, "\(filled)")
        #expect(try await fixture.plan(at: now, settings: settings).isEmpty)
    }
}
