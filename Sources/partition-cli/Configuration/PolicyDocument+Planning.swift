// SPDX-License-Identifier: Apache-2.0
// Part of partition-cli. See LICENSE and CONTRIBUTING.md.

import Partitioning
import PolicyFile

extension ParsedPolicy {
    /// What the file says of each table, for the planner: a table's own settings first, then what the caller said for all,
    /// then the file's defaults.
    ///
    /// - Parameters:
    ///   - bufferDays: of `--buffer-days`.
    ///   - timeZone: of `--timezone`.
    func declared(bufferDays: Int?, timeZone: String?) -> [DeclaredPolicy] {
        document.tables.compactMap { table in
            // Other kinds of levels, and several of them, have been refused.
            guard table.levels.count == 1, case .range(let level)? = table.levels.first else { return nil }
            let defaults = document.defaults
            return DeclaredPolicy(
                table: table.name,
                column: level.column.text,
                period: level.period,
                anchor: level.anchor,
                timeZone: table.settings.timeZone?.text ?? timeZone ?? defaults.timeZone?.text ?? "UTC",
                names: table.names,
                buffer: table.settings.buffer?.buffer
                    ?? document.commonBuffer(option: bufferDays.map(Buffer.init(days:))),
                allowsDefaultPartition: table.defaultPartition != DefaultPartitionRule.none,
                places: places(of: table)
            )
        }
    }

    private func places(of table: PolicyTable) -> DeclaredPolicy.Places {
        let path: PolicyPath = ["tables", table.name.description]
        let level = path / "by" / "0"
        return DeclaredPolicy.Places(
            table: place(of: path),
            column: place(of: level / "range"),
            period: place(of: level / "every"),
            timeZone: place(ofValueAt: table.settings.timeZone == nil ? ["defaults", "timezone"] : path / "timezone")
        )
    }
}
