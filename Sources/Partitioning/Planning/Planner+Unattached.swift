// SPDX-License-Identifier: Apache-2.0
// Part of partition-cli. See LICENSE and CONTRIBUTING.md.

extension Planner {
    /// Steps that remove what an interrupted run built and did not attach, except what the plan attaches now.
    ///
    /// - Parameter steps: the plan's other steps.
    func removals(of table: PartitionedTable, besides steps: [Step]) -> [Step] {
        let adopted = steps.compactMap { step in
            if case .createPartition(let creation) = step.action { creation.adoptedOID } else { nil }
        }
        return table.unattached.filter { !$0.isUsed && !adopted.contains($0.oid) }.map { residue in
            Step(
                table: table.name,
                tableOID: table.oid,
                action: .dropUnattached(table: residue.name, oid: residue.oid),
                reason: "an interrupted run built it and did not attach it, and no range needs it any more",
                precondition: "it is nobody's partition and empty",
                locks: [LockUse(relation: residue.name, oid: residue.oid, mode: .accessExclusive)],
                runsInTransaction: true
            )
        }
    }
}
