// SPDX-License-Identifier: Apache-2.0
// Part of partition-cli. See LICENSE and CONTRIBUTING.md.

import Foundation
import TestSupport
import Testing

@Suite("The contract of the partition map")
struct ContractTests {
    @Test("its test vectors agree with its JSON Schema, and with what Python makes of them")
    func schema() async throws {
        let root = URL(filePath: #filePath).deletingLastPathComponent().appending(path: "../..").standardized.path
        let python = ProcessInfo.processInfo.environment["PARTITION_CLI_PYTHON"] ?? "python3"
        let script = "\(root)/scripts/check-vectors.py"
        let output = try await RedisServer.run([python, script, "\(root)/docs/registry"])
        #expect(output.hasSuffix("documents agree with the schema"), "\(output)")
    }
}
