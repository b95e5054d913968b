// SPDX-License-Identifier: Apache-2.0
// Part of partition-cli. See LICENSE and CONTRIBUTING.md.

import Foundation
import LocalPostgres
import Testing
import TestSupport

@Suite("Recorded terminal sessions")
struct GoldenTests {
    @Test("what people see on 80 and 120 columns, with and without colour, is as it was looked at and recorded")
    func sessions() async throws {
        let root = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
            .deletingLastPathComponent().path
        let inherited = ProcessInfo.processInfo.environment
        var environment = ["PARTITION_CLI_PG_BIN": try TestServer.installation.binDirectory]
        for name in ["TMPDIR", "PARTITION_CLI_TEST_STATE"] { environment[name] = inherited[name] }
        let result = try await Tool.shell(
            "'\(root)/scripts/golden.sh' '\(try Tool.path)' --check",
            environment: environment
        )
        #expect(result.status == 0, "\(result.everything)")
    }
}
