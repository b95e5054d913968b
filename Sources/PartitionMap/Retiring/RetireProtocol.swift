// SPDX-License-Identifier: Apache-2.0
// Part of partition-cli. See LICENSE and CONTRIBUTING.md.

/// Two-phase retire: when a partition may be detached without a write being lost to it. Values in, the next step out; no clock,
/// no I/O and nothing remembered, so that any process can go on where another one stopped.
///
/// An INSERT straight into a leaf succeeds after the detach too, and its row is lost to the parent. So first every router must have
/// ceased to serve the partition, the ones included that are cut off from the registry. The steps, each of them repeatable:
///
/// 1. ``Step/mark(_:)``: the catalog says that the partition is draining.
/// 2. ``Step/publish(replacing:)``: the registry says so.
/// 3. ``Step/mark(_:)`` with a ``RetireMark/Sighting``: a linearizable read *showed* the published map. The wait begins here and
///    not at the version's own time: a publisher that was stopped between its clock and its write, and killed after it, publishes a
///    version that looks old in the moment in which it appears.
/// 4. ``Step/wait(until:_:)``: a router serves a map for at most the bound after the last read that found exactly that map was
///    sent, and every read that found an older one was answered before the sighting.
/// 5. ``Step/detach``.
///
/// Whatever happens to the store meanwhile (flushed, restored, failed over to an older state, published to by somebody else) shows as
/// another map than the sighted one, and the wait begins again: another version, or, where a clock is behind so that a version is
/// given out twice, another LSN, since the mark of the sighting itself stands in the log. What can't show is a store that leaves the
/// sighted map and later goes back to that very map, with an older one between: a backup of the draining map that is restored over
/// one of before it. Stores that read linearizably don't do it by themselves.
package struct RetireProtocol: Sendable {
    /// Promises of routers and of machines.
    package struct Timing: Sendable, Hashable {
        /// The age beyond which a router serves only what is promised to stay (B).
        package var bound: Duration = .seconds(90)
        /// How far two clocks may be apart, those of routers included.
        package var tolerance: Duration = .seconds(60)

        /// From the sighting to the detach: 2B + 30 s. Of these 210 s, 120 s may be the clocks' (one tolerance too late at the
        /// beginning, one too early at the end), and the bound is left.
        package var wait: Duration { bound * 2 + .seconds(30) }

        package init() {}
    }

    /// What the registry holds for the table, by a linearizable read.
    package enum Standing: Sendable, Hashable {
        /// Somebody said that there is none, or none was ever set up, so no router reads one. A registry that is there and may not be
        /// used, for lack of a GRANT say, is ``unreachable``.
        case unconfigured
        /// No answer, or one that says nothing of the map.
        case unreachable
        /// Something that no publish can have written, with its header where that can be read.
        case damaged(PartitionMapHeader?)
        /// Nil where nothing is published.
        case stored(PublishedMap?)
    }

    package enum Step: Sendable, Hashable {
        /// Commit this into the partition's marker comment; then ask again.
        case mark(RetireMark)
        /// Publish the map that the catalog makes now, by compare-and-swap on that header; then read and ask again.
        case publish(replacing: PartitionMapHeader?)
        /// Nothing is to be done until that moment of the earlier clock; then read and ask again.
        case wait(until: Int64, WaitReason)
        /// Fence the partition and detach it.
        case detach
        case refuse(Refusal)
    }

    package enum WaitReason: Sendable, Hashable, CustomStringConvertible {
        case routers, promise

        package var description: String {
            switch self {
            case .routers: "routers that are cut off may still serve the partition"
            case .promise: "a published map promised routers to keep the partition until then"
            }
        }
    }

    package enum Refusal: Sendable, Hashable, CustomStringConvertible {
        case unreachable, clocksDisagree, unconfigured
        case foreign(TakeOverReason)

        package var description: String {
            switch self {
            case .unreachable: "the registry doesn't answer, so nobody knows what routers serve"
            case .clocksDisagree: "the clocks of this machine and of the server are more than a minute apart"
            case .unconfigured:
                "a registry had a map with the partition as draining, and now none is configured: name it, for nobody knows what routers read there"
            case .foreign(let reason): reason.description
            }
        }
    }

    /// A partition to be retired, as the catalog has it.
    package struct Subject: Sendable, Hashable {
        /// Schema and table of the partition.
        package let partition: EntityName
        /// Where the catalog was read, and when in its log.
        package let origin: MapOrigin
        package let mark: RetireMark?
        /// The latest moment up to which any published map may have promised to keep the partition, as the catalog or the policy
        /// knows it: the registry's own word for it may be lost. Nil where no map ever promised anything, which nobody is to say for
        /// want of knowing better.
        package let promisedUntil: Int64?

        package init(partition: EntityName, origin: MapOrigin, mark: RetireMark?, promisedUntil: Int64?) {
            self.partition = partition
            self.origin = origin
            self.mark = mark
            self.promisedUntil = promisedUntil
        }
    }

    package var timing: Timing

    package init(timing: Timing = Timing()) {
        self.timing = timing
    }

    /// The next step for a partition that is still attached and is to be retired.
    ///
    /// - Parameters:
    ///   - subject: read after the registry was.
    ///   - clocks: read last of all.
    package func next(_ subject: Subject, _ standing: Standing, _ clocks: RetireClocks) -> Step {
        guard clocks.agree(within: timing.tolerance) else { return .refuse(.clocksDisagree) }
        switch standing {
        case .unconfigured:
            // Whoever took it away may have done so a moment ago, and routers read it still.
            guard subject.mark?.sighting == nil else { return .refuse(.unconfigured) }
            return promise(subject, clocks) ?? .detach
        case .unreachable: return .refuse(.unreachable)
        case .damaged(let header): return next(subject, header: header, document: nil, clocks)
        case .stored(let map): return next(subject, header: map?.header, document: map?.document, clocks)
        }
    }

    private func next(
        _ subject: Subject,
        header: PartitionMapHeader?,
        document: PartitionMapDocument?,
        _ clocks: RetireClocks
    ) -> Step {
        // A clone, or the past of this database: its marks say nothing of what routers of the original serve.
        if let header, let reason = subject.origin.refusal(replacing: header) { return .refuse(.foreign(reason)) }
        let entry = document?.entries.first {
            EntityName(schema: $0.schema, table: $0.name) == subject.partition
        }
        // The last map in which it is active may promise more than any before. That is written down together with the first mark, since from
        // then on anybody may replace that map, and again where one of before the mark was published after it.
        let promised = Self.promise(of: document, entry)
        guard let mark = subject.mark else {
            return .mark(RetireMark(drainingSince: clocks.later, keptUntil: promised))
        }
        guard let header, let entry, entry.state == .draining else {
            if let promised, promised > mark.keptUntil ?? .min { return .mark(mark.keeping(until: promised)) }
            return .publish(replacing: header)
        }
        guard let sighting = mark.sighting, sighting.isOf(header) else {
            return .mark(mark.seeing(RetireMark.Sighting(of: header, at: clocks.later)))
        }
        let unserved = sighting.at.advanced(by: timing.wait)
        if clocks.earlier < unserved { return .wait(until: unserved, .routers) }
        return promise(subject, clocks) ?? .detach
    }

    /// Until when that map promises to keep the entry; nil where it doesn't.
    private static func promise(of document: PartitionMapDocument?, _ entry: PartitionMapDocument.Entry?) -> Int64? {
        guard let document, let entry, let keep = document.keep, document.isKept(entry) else { return nil }
        return keep.until
    }

    /// The wait for the end of what maps promised; nil where it has come. A router holds a promise by its own clock.
    private func promise(_ subject: Subject, _ clocks: RetireClocks) -> Step? {
        guard
            let until = [subject.mark?.keptUntil, subject.promisedUntil].compactMap(\.self).max()?
                .advanced(by: timing.tolerance),
            clocks.earlier < until
        else { return nil }
        return .wait(until: until, .promise)
    }
}
