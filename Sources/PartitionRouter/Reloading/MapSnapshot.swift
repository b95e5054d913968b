// SPDX-License-Identifier: Apache-2.0
// Part of partition-cli. See LICENSE and CONTRIBUTING.md.

package import PartitionMap
import Synchronization

/// One decoded document, ready to be searched; immutable, and shared by all routers of the process that serve it.
// The names' memory is written before the initialiser returns and never after, so threads may share it.
package final class MapSnapshot: @unchecked Sendable {
    package let lookup: PartitionLookup
    private let storage: RangeTableStorage
    /// Apart from the document's entries, which hold more and are scattered in memory.
    private let ownNames: UnsafeMutableBufferPointer<String>

    /// What lookups of a single range column search; without a range for other keys. Good for as long as the snapshot lives.
    var table: RangeTable { storage.table }
    /// The entries' names. Good for as long as the snapshot lives.
    var names: UnsafeBufferPointer<String> { UnsafeBufferPointer(ownNames) }

    package var document: PartitionMapDocument { lookup.document }

    private init(_ document: PartitionMapDocument) {
        lookup = PartitionLookup(document)
        storage = lookup.ranges ?? Self.noRanges
        ownNames = .allocate(capacity: document.entries.count)
        _ = ownNames.initialize(from: document.entries.lazy.map(\.name))
    }

    deinit {
        ownNames.deinitialize()
        ownNames.deallocate()
    }

    static let noRanges = RangeTableStorage([], payloads: [])
    static var noNames: UnsafeBufferPointer<String> { UnsafeBufferPointer(start: nil, count: 0) }

    private struct Weak {
        weak var snapshot: MapSnapshot?
    }

    /// By checksum, which is SHA-256: the same checksum, the same bytes, whichever store they came from.
    private static let shared = Mutex<[String: Weak]>([:])

    /// The process's snapshot of that document, if somebody holds one.
    package static func existing(checksum: String) -> MapSnapshot? {
        shared.withLock { $0[checksum]?.snapshot }
    }

    /// The process's snapshot of the document: the one that exists, else a new one.
    package static func of(_ document: PartitionMapDocument) -> MapSnapshot {
        if let existing = existing(checksum: document.checksum) { return existing }
        // Outside the lock: it may take milliseconds. Two that do it at once agree on the first below.
        let fresh = MapSnapshot(document)
        return shared.withLock { snapshots in
            if let existing = snapshots[document.checksum]?.snapshot { return existing }
            snapshots = snapshots.filter { $0.value.snapshot != nil }
            snapshots[document.checksum] = Weak(snapshot: fresh)
            return fresh
        }
    }
}

extension MapSnapshot {
    /// The partitions with their bounds, at most `limit` of them: the first and the last.
    func description(limit: Int) -> String {
        let entries = document.entries
        guard entries.count > limit else { return entries.map(Self.text).joined(separator: ", ") }
        let half = limit / 2
        return
            (entries.prefix(half).map(Self.text) + ["… \(entries.count - 2 * half) more …"]
            + entries.suffix(half).map(Self.text)).joined(separator: ", ")
    }

    private static func text(_ entry: PartitionMapDocument.Entry) -> String {
        let state = entry.state == .active ? "" : " \(entry.state.rawValue)"
        return "\(entry.name)\(state) \(entry.path.map(\.shortText).joined(separator: " / "))"
    }
}
