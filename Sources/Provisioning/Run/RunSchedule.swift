// SPDX-License-Identifier: Apache-2.0
// Part of partition-cli. See LICENSE and CONTRIBUTING.md.

import Partitioning

/// The order in which a plan is carried out: what rows will need comes first, and nobody's slow work comes before another's quick one.
///
/// Building an index, and reading a big default partition, may wait for the end of a transaction that has nothing to do with the table, and take
/// as long as there is time. Every table has got its partitions, where that is quick, before any of this begins.
struct RunSchedule: Sendable {
    enum Pass: Hashable, Sendable, CaseIterable {
        /// What an interrupted run left in the way of rows, and new partitions.
        case growth
        /// New partitions beside a default partition that takes long to read.
        case growthBesideLongScan
        /// Indexes, and tables that were never attached.
        case upkeep
    }

    /// A part of one table's plan.
    struct Turn: Sendable {
        struct ID: Hashable, Sendable {
            var table: RelationName
            var pass: Pass
        }

        var pass: Pass
        /// With the steps of this turn alone.
        var plan: TablePlan

        var id: ID { ID(table: plan.table, pass: pass) }
    }

    let turns: [Turn]

    /// - Parameters:
    ///   - plan: its tables' order, the most urgent first, is kept within a pass.
    ///   - longScans: the tables whose default partition takes long to read, by oid.
    ///   - finished: turns that were had already.
    init(_ plan: Plan, longScans: Set<UInt32>, finished: Set<Turn.ID> = []) {
        turns = Pass.allCases.flatMap { pass in
            plan.tables.compactMap { table in
                var plan = table
                plan.steps = table.steps.filter { Self.pass(of: $0, longScans) == pass }
                let turn = Turn(pass: pass, plan: plan)
                return plan.steps.isEmpty || finished.contains(turn.id) ? nil : turn
            }
        }
    }

    /// When the work beside readers and writers of a turn has to end, so that it leaves every later one of its pass as much time.
    ///
    /// - Parameters:
    ///   - index: of the turn, which begins now.
    ///   - deadline: the run's.
    func onlineEnd(
        of index: Int,
        now: ContinuousClock.Instant,
        until deadline: ContinuousClock.Instant
    ) -> ContinuousClock.Instant {
        // There is none in this pass that takes long.
        if turns[index].pass == .growth { return deadline }
        let sharers = turns[index...].prefix { $0.pass == turns[index].pass }.count
        return now + max(.zero, deadline - now) / sharers
    }

    private static func pass(of step: Step, _ longScans: Set<UInt32>) -> Pass {
        switch step.action {
        case .dropLeftoverCheck, .finalizeDetach: .growth
        case .createPartition: longScans.contains(step.tableOID) ? .growthBesideLongScan : .growth
        case .repairIndex, .dropUnattached: .upkeep
        }
    }
}
