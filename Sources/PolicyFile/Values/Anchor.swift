// SPDX-License-Identifier: Apache-2.0
// Part of partition-cli. See LICENSE and CONTRIBUTING.md.

import Partitioning

/// Where a grid begins to count: a date, with hour and minute if it isn't midnight.
struct Anchor: PolicyValue {
    let time: CivilDateTime

    init(policy scalar: YAMLScalar) throws(PolicyValueError) {
        let text = scalar.text
        let shape = text.utf8.map { byte -> UInt8 in YAMLScalar.isDigit(byte) ? UInt8(ascii: "0") : byte }
        let isShaped = ["0000-00-00", "0000-00-00 00:00"].contains { $0.utf8.elementsEqual(shape) }
        guard isShaped, let time = CivilDateTime(parsing: text + (shape.count > 10 ? ":00" : "")) else {
            throw PolicyValueError(
                "\(Quoted(text)) is not a date: write year, month and day, 2026-01-01, or with a time, \"2026-01-01 06:00\""
            )
        }
        self.time = time
    }

    /// As it stands in the file.
    static func text(_ time: CivilDateTime) -> String {
        time.isMidnight ? String(time.description.prefix(10)) : String(time.description.prefix(16))
    }
}
