// SPDX-License-Identifier: Apache-2.0
// Part of partition-cli. See LICENSE and CONTRIBUTING.md.

import Testing

@testable import partition_cli

@Suite("Quantities")
struct QuantityTests {
    @Test(
        "bytes have the unit in which they are short",
        arguments: [
            (Int64(0), "0 B"), (999, "999 B"), (1000, "1 kB"), (8_388_608, "8.4 MB"), (999_600, "1 MB"),
            (12_345_678_901, "12 GB"),
            (Int64.max, "9223 PB"),
        ]
    )
    func bytes(count: Int64, text: String) {
        #expect(Quantity.bytes(count) == text)
    }

    @Test(
        "times have two units at most",
        arguments: [
            (0.04, "0 s"), (0.44, "0.4 s"), (9.96, "10 s"), (59.4, "59 s"), (59.6, "1 min"), (200, "3 min 20 s"),
            (7500, "2 h 5 min"),
            (273_600, "3 d 4 h"), (-1, "0 s"),
        ]
    )
    func seconds(seconds: Double, text: String) {
        #expect(Quantity.seconds(seconds) == text)
    }
}
