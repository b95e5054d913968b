// SPDX-License-Identifier: Apache-2.0
// Part of partition-cli. See LICENSE and CONTRIBUTING.md.

import Foundation
import Partitioning
import Testing

@Suite("A plan is a value")
struct PlanCodingTests {
    @Test("that can be written, read back and compared, with every kind of step, limits without end and zones")
    func roundTrip() throws {
        var table = try PartitionedTable.events([
            "old [MINVALUE, 2026-10-31 23:00)", "events_2026_11 [2026-10-31 23:00, 2026-11-30 23:00)",
            "far [2027-03-31 22:00, MAXVALUE)", "events_default DEFAULT",
        ]).marked()
        table.leftoverChecks = ["partition_cli_ahead_1"]
        table.partitions[0].isDetachPending = true
        table.indexGaps = [
            IndexGap(
                parentIndexOID: 9,
                parentIndex: RelationName(schema: "public", name: "i"),
                partitionOID: 1002,
                partition: table.partitions[1].name
            )
        ]
        let snapshot = try CatalogSnapshot.of(
            [table, .events([], named: "empty", oid: 2000)],
            at: "2026-11-22 12:00",
            candidates: [.paris]
        )
        let plan = Planner(snapshot: snapshot, settings: .buffer(60)).plan()
        #expect(plan.steps.count == 5)
        let data = try JSONEncoder().encode(plan)
        #expect(try JSONDecoder().decode(Plan.self, from: data) == plan)
        let snapshotData = try JSONEncoder().encode(snapshot)
        #expect(try JSONDecoder().decode(CatalogSnapshot.self, from: snapshotData) == snapshot)
    }
}
