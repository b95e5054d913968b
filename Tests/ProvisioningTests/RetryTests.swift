// SPDX-License-Identifier: Apache-2.0
// Part of partition-cli. See LICENSE and CONTRIBUTING.md.

import LibPQ
import Partitioning
import Provisioning
import TestSupport
import Testing

@Suite("What is tried again")
struct RetryTests {
    private static func server(_ state: String) -> PostgresError {
        PostgresError(.server, "a message that says nothing", sqlState: SQLState(rawValue: state))
    }

    @Test(
        "is decided by the SQLSTATE",
        arguments: [
            ("55P03", Recovery.again), ("40P01", .again), ("40001", .again), ("53200", .again), ("55006", .again),
            ("57P01", .reconnect), ("57P02", .reconnect), ("57P03", .reconnect), ("57P05", .reconnect),
            ("53300", .reconnect), ("08006", .reconnect), ("08001", .reconnect), ("25P03", .reconnect),
            ("57014", .never), ("53100", .never), ("42501", .never), ("23514", .never), ("42P01", .never),
            ("XX000", .never), ("58030", .never),
        ]
    )
    func states(state: String, expected: Recovery) {
        #expect(Recovery(after: Self.server(state)) == expected)
    }

    @Test("is a lost connection, over a new one, and never a cancellation or what we don't know")
    func kinds() {
        #expect(Recovery(after: PostgresError(.connectionLost, "gone")) == .reconnect)
        #expect(Recovery(after: PostgresError(.connectionRefused, "not there")) == .reconnect)
        #expect(Recovery(after: PostgresError(.cancelled, "stop")) == .never)
        #expect(Recovery(after: PostgresError(.decoding, "what?")) == .never)
        #expect(Recovery(after: CancellationError()) == .never)
    }

    @Test(
        "is a refused session only where the server may take the next one",
        arguments: [
            (SQLState.invalidPassword, Recovery.never), (.invalidAuthorization, .never), (.invalidCatalogName, .never),
            (.cannotConnectNow, .reconnect), (.tooManyConnections, .reconnect),
        ]
    )
    func refusals(state: SQLState, expected: Recovery) {
        #expect(Recovery(after: PostgresError(.connectionRefused, "no", sqlState: state)) == expected)
    }

    @Test("waits longer and longer up to a limit, anything from nothing to all of it, and not past the budget")
    func backoff() {
        let backoff = Backoff(first: .milliseconds(250), longest: .seconds(15))
        let ceilings = [1, 2, 3, 4, 6, 7, 8, 60, Int.max].map { backoff.ceiling(after: $0) / .milliseconds(1) }
        #expect(ceilings == [250, 500, 1000, 2000, 8000, 15_000, 15_000, 15_000, 15_000])
        #expect(backoff.pause(after: 3, left: .seconds(9), random: 0) == .zero)
        #expect(backoff.pause(after: 3, left: .seconds(9), random: 0.5) == .milliseconds(500))
        #expect(backoff.pause(after: 7, left: .seconds(9), random: 0.9) == nil)
        #expect(backoff.pause(after: 1, left: .zero, random: 0) == nil)
    }

    @Test("ends for a run after five losses in a row with no step done, and begins to count anew with each step")
    func circuit() {
        var circuit = Circuit()
        for _ in 0..<4 { circuit.lost(after: 0) }
        #expect(!circuit.isOpen)
        circuit.lost(after: 1)
        #expect(circuit.losses == 1 && !circuit.isOpen)
        for _ in 0..<4 { circuit.lost(after: 1) }
        #expect(circuit.isOpen)
    }
}

@Suite("A run whose statements fail for the moment", .temporaryDatabase)
struct RetriedStatementTests {
    /// Where a statement of a creation may fail.
    enum Place: String, CaseIterable {
        case building = "CREATE TABLE"
        case attaching = "ATTACH PARTITION"
    }

    private static let states = ["55P03", "40P01", "40001", "53200", "55006"]

    /// Statements with some text in them fail as often as that; what a sequence gave stays given, also when the transaction is rolled back.
    private func failing(_ times: Int, _ state: String, _ text: String, _ fixture: Fixture) async throws {
        try await fixture.run([
            "CREATE SEQUENCE tries",
            """
            CREATE FUNCTION fail() RETURNS event_trigger LANGUAGE plpgsql AS $$ BEGIN
              IF current_query() LIKE '%\(text)%' AND nextval('public.tries') <= \(times) THEN
                RAISE EXCEPTION 'not now' USING ERRCODE = '\(state)';
              END IF; END $$
            """,
            "CREATE EVENT TRIGGER fail ON ddl_command_end WHEN TAG IN ('CREATE TABLE', 'ALTER TABLE') EXECUTE FUNCTION fail()",
        ])
    }

    private func tries(_ fixture: Fixture) async throws -> Int {
        Int(try #require(try await fixture.string("SELECT last_value::text AS v FROM tries"))) ?? 0
    }

    @Test("tries them again within its budget", arguments: Place.allCases, states)
    func again(_ place: Place, _ state: String) async throws {
        let fixture = try await Fixture()
        try await fixture.makeLedger()
        try await failing(2, state, place.rawValue, fixture)
        let report = try await fixture.rotate()
        #expect(report.table("ledger")?.outcome == .converged, "\(report)")
        #expect(try await tries(fixture) > 2)
    }

    @Test("tries again to validate a CHECK on the default partition")
    func validation() async throws {
        let fixture = try await Fixture()
        try await fixture.makeLedger(key: "timestamptz")
        try await fixture.run([
            "CREATE TABLE rest PARTITION OF ledger DEFAULT",
            "INSERT INTO ledger SELECT g, '1999-01-01', repeat('x', 100), 1 FROM generate_series(1, 200000) g",
        ])
        try await failing(2, "53200", "VALIDATE CONSTRAINT", fixture)
        let report = try await fixture.rotate(settings: PlanSettings(bufferDays: 200))
        #expect(report.table("ledger")?.outcome == .converged, "\(report)")
        #expect(try await tries(fixture) == 3)
    }

    @Test("defers the table when the budget is over, and says why", arguments: Place.allCases, states)
    func budget(_ place: Place, _ state: String) async throws {
        let fixture = try await Fixture()
        try await fixture.makeLedger()
        try await failing(1_000_000, state, place.rawValue, fixture)
        let budget = RunBudget(run: .seconds(20), table: .seconds(1), emergencyDays: 0)
        let report = try await fixture.provisioner(budget: budget).rotate()
        guard case .deferred(let reason)? = report.table("ledger")?.outcome else {
            Issue.record("\(report)")
            return
        }
        #expect(!["53200", "55006"].contains(state) || reason.contains("not now"), "\(reason)")
    }
}
