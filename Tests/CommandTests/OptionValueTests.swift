// SPDX-License-Identifier: Apache-2.0
// Part of partition-cli. See LICENSE and CONTRIBUTING.md.

import Testing

@testable import partition_cli

@Suite("Values of options")
struct OptionValueTests {
    @Test(
        "bytes come with decimal and binary units",
        arguments: [
            ("1", Int64(1)), ("500GB", 500_000_000_000), ("500 gb", 500_000_000_000), ("2TiB", 2 << 40),
            ("3kB", 3000), ("3KiB", 3072), ("7MiB", 7 << 20), ("7MB", 7_000_000), ("8191TiB", 8191 << 40), ("1b", 1),
        ]
    )
    func bytes(text: String, bytes: Int64) throws {
        #expect(try Transform.bytes(text) == bytes)
    }

    @Test(
        "what is no number of bytes is refused",
        arguments: ["", "0", "GB", "-1GB", "1.5GB", "9999999TiB", "1PB", "１GB"]
    )
    func notBytes(text: String) {
        #expect(throws: (any Error).self) { try Transform.bytes(text) }
    }

    @Test("percentages may have their sign", arguments: [("80", 80), ("80%", 80), ("1", 1), ("100%", 100)])
    func percentages(text: String, number: Int) throws {
        #expect(try Transform.percentage(text) == number)
    }
}
