// SPDX-License-Identifier: Apache-2.0
// Part of partition-cli. See LICENSE and CONTRIBUTING.md.

import PartitionMap
@testable import PartitionRouter

/// A store as its clients see it: linearizable, until somebody flushes it or sets it back.
struct SimulatedStore {
    /// What is kept, as a real store keeps it: texts and bytes.
    struct Content {
        var fields: [String: String]
        var bytes: [UInt8]
        var version: Int64
    }

    private(set) var content: Content?
    /// What was held from when on; what a failover or a restore took back is gone.
    private var history: [(since: Int64, content: Content?)] = []
    private var wentBackAt: Int64 = 0
    /// When a version was last held.
    private var heldUntil: [Int64: Int64] = [:]
    /// The versions that somebody's restore brought back, and when.
    private(set) var restored: [Int64: Int64] = [:]
    private(set) var highestVersion: Int64 = 0
    var isDown = false

    /// As drivers do: nothing that doesn't validate is returned.
    func load() throws(RegistryError) -> PublishedMap? {
        guard let content else { return nil }
        do {
            return try PublishedMap(
                header: try PartitionMapHeader(fields: content.fields),
                document: try PartitionMapDocument(parsing: content.bytes)
            )
        } catch {
            throw RegistryError(.corrupt, error.message)
        }
    }

    func header() throws(RegistryError) -> PartitionMapHeader? {
        guard let content else { return nil }
        do {
            return try PartitionMapHeader(fields: content.fields)
        } catch {
            throw RegistryError(.corrupt, error.message)
        }
    }

    mutating func publish(
        _ map: PublishedMap,
        replacing replaced: PartitionMapHeader?,
        at now: Int64
    ) throws(RegistryError) -> PublishOutcome {
        try map.header.mustFollow(replaced)
        let current = try? header()
        guard current == replaced else { return .lostRace(current: current) }
        let fields = Dictionary(uniqueKeysWithValues: map.header.fields.map { ($0.name, $0.text) })
        hold(
            Content(fields: fields, bytes: map.document.canonicalBytes, version: map.header.version),
            at: now
        )
        highestVersion = max(highestVersion, map.header.version)
        return .published
    }

    mutating func flush(at now: Int64) { hold(nil, at: now) }

    /// Somebody writes into the document by hand.
    ///
    /// - Parameter letter: one of the document's, in one of its places; any other byte where it is nil.
    mutating func damage(_ letter: UInt8?, at now: Int64, _ random: inout SplitMix64) {
        guard var damaged = content else { return }
        let places = damaged.bytes.indices.filter { letter == nil || damaged.bytes[$0] == letter }
        guard let place = places.randomElement(using: &random) else { return }
        damaged.bytes[place] ^= 1
        hold(damaged, at: now)
    }

    /// The state of that time, and nothing later, is what there is.
    ///
    /// - Parameter isRestore: by hand and from any time, unlike a failover.
    mutating func goBack(to time: Int64, isRestore: Bool, at now: Int64) {
        // What a restore took back no failover brings again.
        let time = isRestore ? time : max(time, wentBackAt)
        guard let index = history.lastIndex(where: { $0.since <= time }) else { return }
        wentBackAt = now
        let old = history[index].content
        history.removeLast(history.count - index)
        hold(old, at: now)
        if isRestore, let old { restored[old.version] = now }
    }

    /// - Returns: When the store last held that version; nil when it never did.
    func lastHeld(_ version: Int64, at now: Int64) -> Int64? {
        content?.version == version ? now : heldUntil[version]
    }

    private mutating func hold(_ new: Content?, at now: Int64) {
        if let content { heldUntil[content.version] = now }
        content = new
        history.append((now, new))
    }
}
