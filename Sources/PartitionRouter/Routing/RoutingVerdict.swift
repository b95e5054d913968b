// SPDX-License-Identifier: Apache-2.0
// Part of partition-cli. See LICENSE and CONTRIBUTING.md.

import PartitionMap

/// What becomes of a lookup: a function of the map, its freshness and the router's options, and of nothing else.
enum RoutingVerdict: Hashable {
    /// The entry's index.
    case serve(Int)
    case serveCounted(Int, RoutingMiss.Reason)
    /// The partitioned table itself.
    case parent(RoutingMiss.Reason)
    case refuse(RoutingMiss.Reason)

    init(
        _ slot: PartitionSlot,
        of document: PartitionMapDocument,
        _ freshness: Freshness,
        _ whenStale: WhenStale,
        _ onMiss: OnMiss
    ) {
        guard let index = slot.index else {
            self.init(missing: Self.absence(freshness), onMiss)
            return
        }
        let entry = document.entries[index]
        let mayServe = Self.mayServe(entry, of: document, freshness, whenStale)
        switch entry.state {
        case .draining: self.init(missing: .draining, onMiss)
        case .active, .default:
            guard mayServe else {
                self.init(missing: .stale, onMiss)
                return
            }
            if entry.state == .default {
                guard onMiss == .default else {
                    self.init(missing: Self.absence(freshness), onMiss)
                    return
                }
                self = .serveCounted(index, freshness == .fresh ? .uncovered : .servedStale)
            } else {
                self = freshness == .fresh ? .serve(index) : .serveCounted(index, .servedStale)
            }
        }
    }

    /// That a key has no partition of its own is known from a fresh map only: since then one may have been made.
    private static func absence(_ freshness: Freshness) -> RoutingMiss.Reason {
        freshness == .fresh ? .uncovered : .stale
    }

    /// Whether the partition is known to be attached still.
    static func mayServe(
        _ entry: PartitionMapDocument.Entry,
        of document: PartitionMapDocument,
        _ freshness: Freshness,
        _ whenStale: WhenStale
    ) -> Bool {
        switch (freshness, whenStale) {
        case (.fresh, _): true
        // Nobody knows of a draining one how long ago it was detached.
        case (.stale, _) where entry.state == .draining: false
        case (.stale, .serveAll): true
        case (.stale(let isPromiseValid), .serveStable): isPromiseValid && document.isKept(entry)
        case (.stale, .refuse): false
        }
    }

    init(missing reason: RoutingMiss.Reason, _ onMiss: OnMiss) {
        self = onMiss == .parent ? .parent(reason) : .refuse(reason)
    }
}

/// Whether the map was confirmed lately enough.
enum Freshness: Hashable {
    case fresh
    /// `isPromiseValid`: the time until which the map promises to keep partitions hasn't come.
    case stale(isPromiseValid: Bool)

    init(_ current: MapFeed.Current, staleAt: Int64, at now: MonotonicTime) {
        self =
            now.nanoseconds < staleAt ? .fresh : .stale(isPromiseValid: current.keptUntil.map { now < $0 } ?? false)
    }
}
