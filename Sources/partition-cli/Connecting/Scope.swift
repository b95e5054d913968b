// SPDX-License-Identifier: Apache-2.0
// Part of partition-cli. See LICENSE and CONTRIBUTING.md.

import PartitionMap
import Partitioning

/// Which tables a command is about, and how they are to be planned.
struct Scope: Sendable {
    /// As the caller named them; empty for all.
    var tables: [EntityName] = []
    var bufferDays: Int
    var timeZone: String?

    var settings: PlanSettings {
        PlanSettings(bufferDays: bufferDays, timeZone: timeZone, tables: tables.isEmpty ? nil : named)
    }

    var named: Set<RelationName> { Set(tables.map { RelationName(schema: $0.schema, name: $0.table) }) }
}
