// SPDX-License-Identifier: Apache-2.0
// Part of partition-cli. See LICENSE and CONTRIBUTING.md.

import LibPQ
import Partitioning
import Provisioning
import Testing
import TestSupport

@Suite("A catalog that changes under the plan", .temporaryDatabase)
struct LocksCatalogTests {
    /// What another session does, in statements; `@next` is the range of the first partition to be made.
    enum Change: String, Sendable, CaseIterable {
        case createsThePartition, coversTheRange, takesTheName, drops, renames, replaces, adds, dropsDefault,
            detachesNewest
    }

    @Test(
        "is planned for again, other tables don't notice, and nothing is left behind",
        arguments: Change.allCases,
        [PausePoint.observed, .tableBuilt]
    )
    func changes(change: Change, point: PausePoint) async throws {
        let fixture = try await Fixture()
        try await fixture.makeEventsWithLargeDefault()
        try await fixture.execute(
            "CREATE TABLE visits (ts date NOT NULL) PARTITION BY RANGE (ts)",
            """
            DO $$ BEGIN EXECUTE format('CREATE TABLE visits_now PARTITION OF visits FOR VALUES FROM (%L) TO (%L)',
              date_trunc('month', now() AT TIME ZONE 'UTC')::date, (date_trunc('month', now() AT TIME ZONE 'UTC') + interval '1 month')::date); END $$
            """
        )
        // The plan begins with what is most urgent, and by name after that.
        let other = try await fixture.database.connect(applicationName: "other")
        let report = try await Visits.run(fixture.provisioner(), at: point) { _ in
            for statement in fixture.statements(change) { _ = try await other.query(statement) }
        }
        #expect(report.condition == .ordinary)
        #expect(report.table("visits")?.outcome == .converged)
        let name = [.renames, .replaces].contains(change) ? "moved" : "events"
        if change == .drops {
            #expect(report.table("events") == nil)
        } else {
            let table = try #require(report.table(name))
            #expect(table.outcome == .converged, "\(table.outcome)")
            let months = try await fixture.connection.months().count
            #expect(try await fixture.partitions(of: name).count == months + (change == .dropsDefault ? 0 : 1))
        }
        if change == .replaces { #expect(try await fixture.partitions(of: "events") == []) }
        try await fixture.expectNothingLeft()
        let after = try await fixture.observe().plan
        #expect(after.steps == [])
    }
}

extension Fixture {
    fileprivate func statements(_ change: LocksCatalogTests.Change) -> [Statement] {
        func nextMonth(_ body: Statement) -> [Statement] {
            [
                """
                DO $$ DECLARE lower timestamptz; BEGIN
                  SET LOCAL TimeZone = 'UTC';
                  lower := date_trunc('month', now()) + interval '1 month';
                  \(fragment: body)
                END $$
                """
            ]
        }
        switch change {
        case .createsThePartition:
            return nextMonth(
                """
                EXECUTE format('DROP TABLE IF EXISTS %I', to_char(lower, '"events_"YYYY_MM'));
                EXECUTE format('CREATE TABLE %I PARTITION OF events FOR VALUES FROM (%L) TO (%L)',
                  to_char(lower, '"events_"YYYY_MM'), lower, lower + interval '1 month');
                """
            )
        case .coversTheRange:
            return nextMonth(
                "EXECUTE format('CREATE TABLE by_hand PARTITION OF events FOR VALUES FROM (%L) TO (%L)', lower, lower + interval '1 month');"
            )
        case .takesTheName:
            return nextMonth(
                """
                EXECUTE format('DROP TABLE IF EXISTS %I', to_char(lower, '"events_"YYYY_MM'));
                EXECUTE format('CREATE TABLE %I (something int)', to_char(lower, '"events_"YYYY_MM'));
                """
            )
        case .drops: return ["DROP TABLE events"]
        case .renames: return ["ALTER TABLE events RENAME TO moved"]
        case .replaces:
            return [
                "ALTER TABLE events RENAME TO moved",
                "CREATE TABLE events (event_ts timestamptz NOT NULL, payload text) PARTITION BY RANGE (event_ts)",
            ]
        case .adds: return ["ALTER TABLE events ADD COLUMN added int"]
        case .dropsDefault: return ["DROP TABLE events_default"]
        case .detachesNewest:
            return [
                """
                DO $$ BEGIN
                  EXECUTE format('ALTER TABLE events DETACH PARTITION %I', to_char(now() AT TIME ZONE 'UTC', '"events_"YYYY_MM'));
                  EXECUTE format('ALTER TABLE events ATTACH PARTITION %I FOR VALUES FROM (%L) TO (%L)', to_char(now() AT TIME ZONE 'UTC', '"events_"YYYY_MM'),
                    date_trunc('month', now() AT TIME ZONE 'UTC')::text || 'Z', (date_trunc('month', now() AT TIME ZONE 'UTC') + interval '1 month')::text || 'Z');
                END $$
                """
            ]
        }
    }
}
