// SPDX-License-Identifier: Apache-2.0
// Part of partition-cli. See LICENSE and CONTRIBUTING.md.

import LibPQ
import Partitioning

extension IndexRepair {
    /// The statements that repair what stands there now; none where it has been put right in the meantime.
    func statements(for gap: IndexGap) async throws -> [Statement] {
        let situation = try await situation(gap)
        if situation.isHealthy { return [] }
        func own(_ name: String) -> RelationName { RelationName(schema: gap.partition.schema, name: name) }
        if let remnant = situation.remnant, situation.isRemnantAttached {
            return ["REINDEX INDEX CONCURRENTLY \(own(remnant))"]
        }
        var statements: [Statement] = ["SET lock_timeout = 0", "SET statement_timeout = 0"]
        if let remnant = situation.remnant { statements.append("DROP INDEX CONCURRENTLY IF EXISTS \(own(remnant))") }
        let name = situation.candidate ?? Self.name(of: gap)
        if situation.candidate == nil {
            statements.append("SET default_tablespace = \(literal: situation.tablespace ?? "")")
            statements.append(Self.creation(of: name, gap, situation))
        }
        statements += DatabaseSession.standingSettings
        if !situation.constraint.isEmpty, situation.candidateConstraint.isEmpty {
            statements.append(Self.constraint(from: name, gap, situation))
        }
        statements.append("ALTER INDEX \(gap.parentIndex) ATTACH PARTITION \(own(name))")
        return statements
    }
}
