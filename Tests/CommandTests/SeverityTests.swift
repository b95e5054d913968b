// SPDX-License-Identifier: Apache-2.0
// Part of partition-cli. See LICENSE and CONTRIBUTING.md.

import Partitioning
import Provisioning
import Testing

@testable import partition_cli

// Swift Testing has one of its own.
private typealias Status = partition_cli.ExitStatus

@Suite("Of several outcomes the most severe counts")
struct SeverityTests {
    private static let documented: [Status] = [
        .internalError, .unreachable, .privilegeMissing, .failed, .quotaExceeded, .unpublished, .deferred, .busy,
        .success,
    ]

    @Test("in the documented order: 70, 69, 77, 1, 73, 74, 75, 76, 0")
    func order() {
        #expect(Self.documented.map(\.code) == [70, 69, 77, 1, 73, 74, 75, 76, 0])
        for (index, status) in Self.documented.enumerated() {
            for milder in Self.documented[index...] {
                #expect(Status.mostSevere([milder, status]) == status)
                #expect(Status.mostSevere([status, milder, .success]) == status)
            }
        }
        #expect(Status.mostSevere([]) == .success)
    }

    private static func table(_ name: String, _ outcome: TableReport.Outcome) -> TableReport {
        TableReport(table: RelationName(schema: "public", name: name), oid: 1, outcome: outcome, policy: nil)
    }

    private static func report(
        _ outcomes: [TableReport.Outcome],
        publications: [Publisher.Outcome] = []
    ) -> RunReport {
        var report = RunReport(database: "d", startedAt: Instant(microseconds: 0))
        report.tables = outcomes.enumerated().map { table("t\($0.offset)", $0.element) }
        report.publications = Dictionary(
            uniqueKeysWithValues: publications.enumerated().map {
                (RelationName(schema: "public", name: "t\($0.offset)"), $0.element)
            }
        )
        return report
    }

    @Test("of a run's tables and publications")
    func runs() {
        let failed = TableReport.Outcome.failed(Failure(message: "m", sqlState: "42P17"))
        let denied = TableReport.Outcome.failed(Failure(message: "m", sqlState: "42501"))
        let unpublished = Publisher.Outcome.failed("m", remedy: nil)
        #expect(Status(Self.report([.converged, .leftAlone])) == .success)
        #expect(Status(Self.report([.converged, .deferred("d")])) == .deferred)
        #expect(Status(Self.report([.deferred("d")], publications: [unpublished])) == .unpublished)
        #expect(Status(Self.report([.quotaExceeded("q")], publications: [unpublished])) == .quotaExceeded)
        #expect(Status(Self.report([.quotaExceeded("q"), failed])) == .failed)
        #expect(Status(Self.report([failed, denied])) == .privilegeMissing)
    }

    @Test("a standby is success only where all is covered, and then again later")
    func standby() {
        var report = Self.report([.converged, .leftAlone])
        report.condition = .standby
        #expect(Status(report) == .success)
        report.tables.append(Self.table("u", .failed(Failure(message: "not covered"))))
        #expect(Status(report) == .deferred)
    }

    @Test(
        "a run that may look after nothing at all is no success; beside tables that it does look after it is none of its business"
    )
    func nothingOwned() {
        var report = Self.report([.leftAlone])
        report.tables[0].findings = [Finding(.note, .privilege, table: report.tables[0].table, "not ours")]
        #expect(Status(report) == .privilegeMissing)
        var cared = Self.table("u", .converged)
        cared.policy = GrowthPolicy(
            grid: Grid(period: .month, timeline: .civil),
            zone: .utc,
            names: .standard(for: .month),
            buffer: Buffer(days: 60)
        )
        report.tables.append(cared)
        #expect(Status(report) == .success)
    }

    @Test("a table named on the command line and left alone isn't success")
    func named() {
        let report = Self.report([.leftAlone])
        #expect(Status(report, named: [RelationName(schema: "public", name: "t0")]) == .failed)
        #expect(Status(report, named: [RelationName(schema: "public", name: "other")]) == .success)
    }
}
