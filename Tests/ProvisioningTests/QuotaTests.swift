// SPDX-License-Identifier: Apache-2.0
// Part of partition-cli. See LICENSE and CONTRIBUTING.md.

import Foundation
import LibPQ
import PartitionMap
import PartitionRouter
import Partitioning
import Provisioning
import Testing
import TestSupport

@Suite("The quota", .temporaryDatabase)
struct QuotaTests {
    @Test("that is exceeded stops the creation of partitions, but neither index repair nor publishing")
    func exceeded() async throws {
        let fixture = try await Fixture()
        try await fixture.makeLedger()
        try await fixture.run(["CREATE INDEX i ON ONLY ledger (note)"])
        let registry = MemoryRegistry()
        let quota = QuotaGuard(threshold: 0.8, declaredCapacity: 1024)
        let report = try await fixture.provisioner(quota: quota, registry: registry).rotate()
        let table = try #require(report.table("ledger"))
        guard case .quotaExceeded(let reason) = table.outcome else {
            Issue.record("\(table)")
            return
        }
        #expect(reason.hasPrefix("PARTITION_QUOTA_EXCEEDED"))
        #expect(try await fixture.children(of: "ledger").count == 1)
        #expect(table.coverage?.missing.isEmpty == false)
        let attached = try await fixture.strings("SELECT 1::text AS v FROM pg_inherits WHERE inhparent = 'i'::regclass")
        #expect(attached.count == 1)
        #expect(try await registry.load(PublisherTests.ledger)?.document.entries.count == 1)
    }

    @Test("that is not reached, or can't be measured, stops nothing", arguments: [Int64(1) << 50, nil])
    func notExceeded(_ capacity: Int64?) async throws {
        let fixture = try await Fixture()
        try await fixture.makeLedger()
        let quota = QuotaGuard(threshold: 1.1, declaredCapacity: capacity)
        let report = try await fixture.provisioner(quota: quota).rotate()
        #expect(report.table("ledger")?.outcome == .converged)
    }

    @Test("is reached at the threshold itself")
    func threshold() {
        let quota = QuotaGuard(threshold: 0.8)
        #expect(quota.isExceeded(.known(ratio: 0.8, source: .fileSystem)))
        #expect(!quota.isExceeded(.known(ratio: 0.799, source: .fileSystem)))
        #expect(!quota.isExceeded(.unknown("nobody knows")))
    }

    @Test("of the server's file system is what df says", arguments: [nil, "own"])
    func fileSystem(_ tablespace: String?) async throws {
        let fixture = try await Fixture()
        var path = try #require(try await fixture.string("SELECT current_setting('data_directory') AS v"))
        if tablespace != nil {
            try await fixture.makeTablespace()
            path +=
                "/"
                + (try #require(
                    try await fixture.string(
                        "SELECT 'pg_tblspc/' || oid AS v FROM pg_tablespace WHERE spcname = \(bind: fixture.tablespace)"
                    )
                ))
        }
        let reading = try await QuotaGuard(threshold: 0.8)
            .reading(of: tablespace == nil ? nil : fixture.tablespace, on: fixture.connection)
        guard case .known(let ratio, .fileSystem) = reading else {
            Issue.record("\(reading)")
            return
        }
        let percent = try await df(path)
        // df rounds up to a whole percent.
        #expect(abs(ratio * 100 + 0.5 - percent) <= 1, "\(ratio) \(percent)")
    }

    private func df(_ path: String) async throws -> Double {
        let process = Process()
        process.executableURL = URL(filePath: "/usr/bin/env")
        process.arguments = ["df", "--output=pcent", path]
        let output = Pipe()
        process.standardOutput = output
        try process.run()
        process.waitUntilExit()
        let text = String(decoding: output.fileHandleForReading.readDataToEndOfFile(), as: UTF8.self)
        let line = try #require(text.split(separator: "\n").last)
        return try #require(Double(String(line.filter(\.isNumber))))
    }
}
