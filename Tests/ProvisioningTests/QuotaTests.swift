// SPDX-License-Identifier: Apache-2.0
// Part of partition-cli. See LICENSE and CONTRIBUTING.md.

import Foundation
import LibPQ
import PartitionMap
import PartitionRouter
import Partitioning
import Testing
import TestSupport

@testable import Provisioning

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
        // Others write and remove what they like meanwhile; df rounds up to a whole percent.
        let before = try await df(path)
        let reading = try await QuotaGuard(threshold: 0.8)
            .reading(of: tablespace == nil ? nil : fixture.tablespace, on: fixture.connection)
        guard case .known(let ratio, .fileSystem) = reading else {
            Issue.record("\(reading)")
            return
        }
        let after = try await df(path)
        let span = (min(before, after) - 1)...max(before, after)
        #expect(span.contains(ratio * 100), "\(ratio), df says \(before) before and \(after) after")
    }

    @Test(
        "isn't known where a file system's figures can't be true",
        arguments: [
            (100, 40, 30, 4096, 60 * 4096, 30 * 4096), (0, 0, 0, 4096, nil, nil), (100, 101, 0, 4096, nil, nil),
            (100, 50, 101, 4096, nil, nil), (.max, 0, 0, 4096, nil, nil), (.max, .max, .max, 2, nil, nil),
            (.max, 1, 1, 1, .max - 1, 1),
        ] as [(UInt64, UInt64, UInt64, UInt64, UInt64?, UInt64?)]
    )
    func figures(
        blocks: UInt64,
        free: UInt64,
        available: UInt64,
        size: UInt64,
        used: UInt64?,
        left: UInt64?
    ) {
        let usage = FileSystemUsage(blocks: blocks, free: free, available: available, blockSize: size)
        #expect(usage?.used == used && usage?.available == left)
        if let usage { #expect(usage.ratio > 0 && usage.ratio <= 1) }
    }

    @Test("isn't measured here where the server's process isn't: a loopback address may be a tunnel's")
    func elsewhere() async throws {
        let fixture = try await Fixture()
        let process = Int(fixture.connection.backendPID)
        #expect(LocalBackend(process: process, clientPort: nil).isHere)
        // The same number over there, another process here.
        #expect(!LocalBackend(process: process, clientPort: 54321).isHere)
        #expect(!LocalBackend(process: Int(getpid()), clientPort: nil).isHere)
        #expect(!LocalBackend(process: 0, clientPort: nil).isHere)
        let tunnelled = LocalBackend(process: 1, clientPort: 54321)
        #expect(tunnelled.matches("postgres: app orders 127.0.0.1(54321) idle"))
        #expect(tunnelled.matches("postgres: shard one: app orders ::1(54321) "))
        for title in ["postgres: app orders 127.0.0.1(5432) idle", "postgres: app orders [local] idle", "sshd: app"] {
            #expect(!tunnelled.matches(title))
        }
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
