// SPDX-License-Identifier: Apache-2.0
// Part of partition-cli. See LICENSE and CONTRIBUTING.md.

import Partitioning
import Provisioning
import Testing

@testable import partition_cli

@Suite("Progress")
struct ProgressTests {
    private static let table = RelationName(schema: "public", name: "events")
    private static let wide = Rendition(width: 100)

    private static func step(_ action: Step.Action) -> Step {
        Step(
            table: table,
            tableOID: 1,
            action: action,
            reason: "",
            precondition: "",
            locks: [],
            runsInTransaction: true
        )
    }

    private static let creation = step(
        .createPartition(
            PartitionCreation(
                name: RelationName(schema: "public", name: "events_1"),
                range: KeyRange(lower: 0, upper: 1),
                lowerBound: "",
                upperBound: "",
                receivesWritesNow: false
            )
        )
    )

    private static let repair = step(
        .repairIndex(
            IndexGap(
                parentIndexOID: 1,
                parentIndex: RelationName(schema: "public", name: "i"),
                partitionOID: 42,
                partition: RelationName(schema: "public", name: "events_1")
            )
        )
    )

    private static func plan(_ steps: [Step]) -> Plan {
        let table = TablePlan(
            table: table,
            oid: 1,
            disposition: .leftAlone(LeftAlone(.kind, "")),
            steps: steps
        )
        return Plan(now: Instant(microseconds: 0), database: "d", tables: [table])
    }

    private static let done = RunEvent.stepFinished(StepReport(step: creation, result: .done(attempts: 1), duration: 0))

    @Test("partitions are shown as done of all, with the rate and the time that is left")
    func attaching() {
        var view = RunProgressView()
        view.note(.planned(Self.plan(Array(repeating: Self.creation, count: 60))), at: 1)
        #expect(view.text(at: 1, Self.wide) == "60 steps to take")
        view.note(.stepStarted(Self.creation, index: 0, count: 60), at: 2)
        for _ in 0..<15 { view.note(Self.done, at: 4) }
        let text = view.text(at: 5, Self.wide)
        #expect(text.hasPrefix("public.events  ━━━━━━━━━━╌"), "\(text)")
        #expect(text.hasSuffix("15/60 partitions, 5/s, 9 s left"), "\(text)")
    }

    @Test("time that goes by with something else is none of the partitions', and a new plan has what is left")
    func pauses() {
        var view = RunProgressView()
        view.note(.planned(Self.plan(Array(repeating: Self.creation, count: 4))), at: 0)
        view.note(.stepStarted(Self.creation, index: 0, count: 4), at: 0)
        view.note(Self.done, at: 1)
        view.note(Self.done, at: 2)
        view.note(.scanning(Self.table, bytes: 1_500_000_000, .forCheck), at: 2)
        #expect(
            view.text(at: 12, Self.wide)
                == "public.events (1.5 GB): validating a CHECK beside its writers, 10 s"
        )
        view.note(.planned(Self.plan([Self.creation, Self.creation, Self.creation])), at: 13)
        view.note(.stepStarted(Self.creation, index: 0, count: 3), at: 100)
        #expect(view.text(at: 100, Self.wide).hasSuffix("2/5 partitions, 1/s, 3 s left"))
    }

    @Test("an index shows the elapsed time, and the server's own progress once it is known")
    func indexing() {
        var view = RunProgressView()
        view.note(.stepStarted(Self.repair, index: 0, count: 1), at: 0)
        #expect(view.text(at: 3, Self.wide) == "index on public.events_1, 3 s")
        #expect(view.indexedTable(at: 0.5) == nil, "the server isn't asked about what is done in a moment")
        #expect(view.indexedTable(at: 3) == 42)
        view.note(IndexBuild(phase: "building index: scanning table", done: 100, total: 1000), at: 4)
        view.note(IndexBuild(phase: "building index: scanning table", done: 400, total: 1000), at: 7)
        let text = view.text(at: 7, Self.wide)
        #expect(text.hasPrefix("index on public.events_1: building index: scanning table  ━"), "\(text)")
        #expect(text.hasSuffix("40 %, 6 s left"), "\(text)")
        view.note(IndexBuild(phase: "waiting for old snapshots", done: 0, total: 0), at: 9)
        #expect(view.text(at: 11, Self.wide) == "index on public.events_1: waiting for old snapshots, 11 s")
    }

    @Test("the line never reaches the last column", arguments: [20, 40, 80, 120])
    func widths(width: Int) {
        for label in [
            "t", "public.a_rather_long_name_of_a_table", "公開.非常に長いテーブルの名前です", String(repeating: "x", count: 200),
        ] {
            for isASCII in [false, true] {
                let rendition = Rendition(width: width, isASCII: isASCII)
                let bar = ProgressBar(label: label, done: 5, total: 9, seconds: 2, unit: "partitions").text(rendition)
                #expect(DisplayWidth.of(bar) < width, "\(bar)")
                #expect(!isASCII || !bar.contains("━"))
                var view = RunProgressView()
                view.say(label)
                #expect(DisplayWidth.of(view.text(at: 0, rendition)) < width)
            }
        }
    }

    @Test("a bar is full only when all is done, and of nothing it is empty")
    func extremes() {
        func bar(_ done: Int64, _ total: Int64) -> String {
            ProgressBar(label: "t", done: done, total: total, seconds: 0).text(Self.wide)
        }
        #expect(bar(999, 1000).contains("╌"))
        #expect(!bar(1000, 1000).contains("╌"))
        #expect(!bar(0, 0).contains("━"))
        #expect(bar(2000, 1000).hasSuffix("100 %"))
    }
}
