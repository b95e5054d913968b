// SPDX-License-Identifier: Apache-2.0
// Part of partition-cli. See LICENSE and CONTRIBUTING.md.

import Partitioning

/// How long a plan takes, in words.
enum OnlineWorkText {
    /// What the estimates rest on.
    static let basis =
        "times are estimates from sizes alone, at \(Quantity.bytes(OnlineWork.scanRate))/s for reading and "
        + "\(Quantity.bytes(OnlineWork.buildRate))/s for an index, as measured on two busy cores with the table in memory; a cold "
        + "disk or old transactions make it longer"

    /// One line for each part of the work, the quick part first.
    static func lines(_ plan: TablePlan, _ work: [OnlineWork]) -> [String] {
        let creations = Tally(plan.steps).partitions
        let quick = creations > 0 ? ["milliseconds" + (creations > 1 ? " for each partition" : "")] : []
        let isQuickOnly = work.isEmpty && creations == 0
        let builds = work.filter { $0.kind == .buildIndex }
        let others = work.filter { $0.kind != .buildIndex }
        return quick + (isQuickOnly ? ["milliseconds"] : []) + others.map(line)
            + (builds.count > 1 ? [together(builds)] : builds.map(line))
    }

    /// Many indexes in one line: the sum, and the one that takes longest.
    private static func together(_ builds: [OnlineWork]) -> String {
        let known = builds.compactMap(\.bytes)
        let sum = OnlineWork(
            kind: .buildIndex,
            relation: builds[0].relation,
            bytes: known.count == builds.count ? known.reduce(0, +) : nil,
            passes: builds[0].passes
        )
        let size =
            known.count == builds.count
            ? "\(Quantity.bytes(known.reduce(0, +))) in all" : "some of them locked, of unknown size"
        let longest = builds.max { ($0.bytes ?? 0) < ($1.bytes ?? 0) }
        let most = longest.flatMap { work in work.bytes.map { ", \(Quantity.bytes($0)) of it \(work.relation)" } } ?? ""
        return "\(about(sum)) to build \(builds.count) indexes (\(size)\(most)) beside readers and writers"
    }

    private static func line(_ work: OnlineWork) -> String {
        let size = work.bytes.map(Quantity.bytes) ?? "of unknown size: it is locked"
        let times = work.passes > 1 ? (work.passes == 2 ? " twice" : " \(work.passes) times") : ""
        return switch work.kind {
        case .readDefault: "\(about(work)) to read \(work.relation) (\(size))\(times) beside its readers and writers"
        case .scanDefaultUnderLock:
            "\(about(work)) to read \(work.relation) (\(size))\(times) under its lock, within the lock's budget"
        case .buildIndex:
            "\(about(work)) to build an index on \(work.relation) (\(size)) beside its readers and writers"
        }
    }

    private static func about(_ work: OnlineWork) -> String {
        guard let seconds = work.seconds else { return "nobody knows how long" }
        return seconds < 0.1 ? "milliseconds" : "about \(Quantity.seconds(seconds))"
    }
}

/// The same for programs.
struct OnlineWorkView: Encodable {
    var kind: String
    var relation: NameView
    @Nullable var bytes: Int64?
    var passes: Int
    @Nullable var estimatedSeconds: Double?

    init(_ work: OnlineWork) {
        kind = work.kind.rawValue
        relation = NameView(work.relation)
        bytes = work.bytes
        passes = work.passes
        estimatedSeconds = work.seconds.map { ($0 * 1000).rounded() / 1000 }
    }
}
