// SPDX-License-Identifier: Apache-2.0
// Part of partition-cli. See LICENSE and CONTRIBUTING.md.

import LibPQ
import Partitioning
import Provisioning
import Testing
import TestSupport

@Suite("Bounds lie where the table's own zone has them", .temporaryDatabase)
struct ZoneTests {
    struct Setting: Sendable, CustomTestStringConvertible {
        var zone: String
        var dateStyle: String
        var testDescription: String { "\(zone), \(dateStyle)" }
    }

    @Test(
        "whatever TimeZone, DateStyle and lc_time the server, the database and the role have",
        arguments: [
            Setting(zone: "UTC", dateStyle: "ISO, MDY"), Setting(zone: "Asia/Kolkata", dateStyle: "SQL, DMY"),
            Setting(zone: "America/Havana", dateStyle: "German, DMY"),
            Setting(zone: "Pacific/Apia", dateStyle: "Postgres, MDY"),
            Setting(zone: "America/Sao_Paulo", dateStyle: "SQL, MDY"),
        ],
        ["date", "timestamp", "timestamptz"]
    )
    func settings(_ setting: Setting, _ type: String) async throws {
        let fixture = try await Fixture()
        try await fixture.makeLedger(key: type)
        let name: Statement = "\(identifier: fixture.database.name)"
        try await fixture.execute(
            "ALTER DATABASE \(fragment: name) SET TimeZone = \(literal: setting.zone)",
            "ALTER ROLE postgres IN DATABASE \(fragment: name) SET DateStyle = \(literal: setting.dateStyle)",
            "ALTER ROLE postgres IN DATABASE \(fragment: name) SET IntervalStyle = 'sql_standard'",
            "ALTER ROLE postgres IN DATABASE \(fragment: name) SET lc_time = 'de_DE.UTF-8'",
            "ALTER ROLE postgres IN DATABASE \(fragment: name) SET search_path = 'nowhere'",
            "ALTER ROLE postgres IN DATABASE \(fragment: name) SET quote_all_identifiers = on",
            "ALTER ROLE postgres IN DATABASE \(fragment: name) SET standard_conforming_strings = off"
        )
        let other = try await fixture.database.connect(applicationName: "other")
        let may = try await other.query("SELECT to_char(date '2026-05-01', 'TMMonth') AS v").first?.string("v")
        #expect(may == "Mai", "the locale proves nothing")
        #expect(try await fixture.rotate().table("ledger")?.outcome == .converged)
        _ = try await fixture.connection.query("SET TimeZone = 'UTC'")
        let expected = try await fixture.strings(
            """
            SELECT format('FOR VALUES FROM (%L) TO (%L)', m::\(fragment: Statement(trustedCatalogSQL: type, "a test's own type")),
                          (m + interval '1 month')::\(fragment: Statement(trustedCatalogSQL: type, "a test's own type"))) AS v
              FROM generate_series(date_trunc('month', now()), now() + interval '60 days', interval '1 month') m ORDER BY m
            """
        )
        let actual = try await fixture.partitions(of: "ledger").map { $0.drop { $0 != " " }.dropFirst() }.map(
            String.init
        )
        #expect(actual.sorted() == expected)
        #expect(try await fixture.rotate().table("ledger")?.steps.isEmpty == true)
    }

    static let zones = ["Europe/Paris", "America/Havana", "Asia/Kolkata", "America/Sao_Paulo"]

    @Test("where the zone is named, from a single partition on", arguments: zones, ["day", "month"])
    func named(_ zone: String, _ period: String) async throws {
        let fixture = try await Fixture()
        let days = period == "day" ? 150 : 400
        try await fixture.makeLocal(
            "local",
            zone: zone,
            period: period,
            starts: "SELECT date_trunc('\(period)', z) AS v"
        )
        let settings = PlanSettings(bufferDays: days, timeZone: zone)
        let report = try await fixture.rotate(settings: settings)
        #expect(report.table("local")?.outcome == .converged, "\(String(describing: report.table("local")?.outcome))")
        let expected = try await fixture.serversBounds(zone: zone, period: period, days: days)
        #expect(try await fixture.currentBounds(of: "local") == expected)
        #expect(try await fixture.rotate(settings: settings).table("local")?.steps.isEmpty == true)
    }

    @Test("where the bounds of a year say which zone it is", arguments: zones, ["day", "month"])
    func inferred(_ zone: String, _ period: String) async throws {
        let fixture = try await Fixture()
        let days = period == "day" ? 150 : 400
        // Days here and there, so that both summer and winter are seen, and those on which the clocks were changed.
        let starts =
            period == "day"
            ? """
            SELECT date_trunc('day', z) - n * interval '10 days' AS v FROM generate_series(1, 40) n
             UNION SELECT date_trunc('day', z) - n * interval '1 day' FROM generate_series(0, 3) n
             UNION SELECT d FROM generate_series(date_trunc('day', z) - interval '400 days', z, interval '1 day') d
                    WHERE (d + interval '1 day') AT TIME ZONE '\(zone)' - d AT TIME ZONE '\(zone)' <> interval '24 hours'
            """
            : "SELECT date_trunc('month', z) - n * interval '1 month' AS v FROM generate_series(0, 14) n"
        try await fixture.makeLocal("local", zone: zone, period: period, starts: starts)
        let report = try await fixture.rotate(settings: PlanSettings(bufferDays: days))
        let table = try #require(report.table("local"))
        #expect(table.outcome == .converged, "\(table.outcome) \(table.findings)")
        let expected = try await fixture.serversBounds(zone: zone, period: period, days: days)
        #expect(try await fixture.currentBounds(of: "local") == expected)
    }

    @Test("or are not guessed where several zones fit that will differ")
    func ambiguous() async throws {
        let fixture = try await Fixture()
        try await fixture.makeLocal(
            "local",
            zone: "Europe/Paris",
            period: "day",
            starts: "SELECT date_trunc('day', z) AS v"
        )
        let table = try #require(try await fixture.rotate(settings: PlanSettings(bufferDays: 400)).table("local"))
        #expect(table.outcome == .leftAlone && table.steps.isEmpty, "\(table)")
        #expect(table.findings.contains { $0.remedy?.contains("--timezone=") == true }, "\(table.findings)")
    }

    @Test("and a zone that the server doesn't know is refused before anything is done")
    func unknown() async throws {
        let fixture = try await Fixture()
        try await fixture.makeLedger(key: "timestamptz")
        await #expect(throws: UnknownTimeZone.self) {
            try await fixture.rotate(settings: PlanSettings(timeZone: "Europe/Atlantis"))
        }
        #expect(try await fixture.children(of: "ledger").count == 1)
    }
}
