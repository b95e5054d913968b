// SPDX-License-Identifier: Apache-2.0
// Part of partition-cli. See LICENSE and CONTRIBUTING.md.

import PartitionMap
import Partitioning
import PolicyFile

/// Which tables a command is about, and how they are to be planned.
struct Scope: Sendable {
    /// As the caller named them; empty for all.
    var tables: [EntityName] = []
    /// Of a table for which nothing else is said.
    var bufferDays: Int
    var timeZone: String?
    /// As the caller said; nil for what the buffer makes of it.
    var emergency: Double?
    /// Of the policy file; nil where policies are inferred.
    var declared: [DeclaredPolicy]?
    /// As the caller named it.
    var policyFile: String?

    init(
        tables: [EntityName] = [],
        bufferDays: Int,
        timeZone: String? = nil,
        declared: [DeclaredPolicy]? = nil,
        policyFile: String? = nil,
        emergency: Double? = nil
    ) {
        self.tables = tables
        self.bufferDays = bufferDays
        self.timeZone = timeZone
        self.declared = declared
        self.policyFile = policyFile
        self.emergency = emergency
    }

    /// What a saved plan was made for.
    ///
    /// - Parameter policy: what else the run is told, such as when it is an emergency; the plan's own policies count.
    /// - Throws: ``CommandFailure`` of status `configuration` for an emergency of the file that is no shorter than a buffer of the plan.
    init(approved plan: SavedPlan, _ policy: ParsedPolicy?) throws(CommandFailure) {
        let settings = plan.settings
        self.init(
            tables: (settings.tables ?? []).sorted().map { EntityName(schema: $0.schema, table: $0.name) },
            bufferDays: settings.bufferDays,
            timeZone: settings.timeZone,
            declared: settings.declared,
            emergency: policy?.document.defaults.emergency?.days
        )
        let (declared, buffers) = (declared, declaredBuffers)
        let common = Buffer(days: bufferDays)
        let impossible = policy?.impossibleEmergencies { declared == nil ? common : buffers[$0] } ?? []
        guard impossible.isEmpty else { throw CommandFailure(policy: impossible, more: 0) }
    }

    /// How far ahead partitions of the declared tables must exist; empty where policies are inferred.
    var declaredBuffers: [RelationName: Buffer] {
        Dictionary((declared ?? []).map { ($0.table, $0.buffer) }, uniquingKeysWith: { first, _ in first })
    }

    var settings: PlanSettings {
        PlanSettings(
            bufferDays: bufferDays,
            timeZone: timeZone,
            tables: tables.isEmpty ? nil : Set(tables.map(RelationName.init)),
            declared: declared
        )
    }

    /// Below a quarter of the buffer, or two weeks, longer stalls are the lesser harm, and somebody is to be woken.
    var emergencyDays: Double { emergency ?? min(14, Double(bufferDays) / 4) }

    /// What the caller limited the command to; empty for all.
    var limit: Set<RelationName> { Set(tables.map(RelationName.init)) }

    /// Tables that somebody asked for by name, on the command line or in the policy file: leaving one of these alone is not success.
    var named: Set<RelationName> {
        Set(settings.wanted?.map(\.table) ?? tables.map(RelationName.init))
    }
}

extension RelationName {
    init(_ entity: EntityName) {
        self.init(schema: entity.schema, name: entity.table)
    }
}
