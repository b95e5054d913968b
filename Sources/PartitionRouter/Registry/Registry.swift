// SPDX-License-Identifier: Apache-2.0
// Part of partition-cli. See LICENSE and CONTRIBUTING.md.

public import PartitionMap

/// A store of partition maps that applications watch.
///
/// What every driver promises, and the conformance suite checks:
/// - ``publish(_:replacing:)`` and ``remove(_:replacing:)`` are one atomic, visible change, by compare-and-swap on the
///   header they replace. A driver sends them once: when their answer is lost it throws
///   ``RegistryError/Code/unreachable``, and a later ``load(_:_:expecting:)`` tells what became of them.
/// - ``load(_:_:expecting:)`` reads what the latest successful publish wrote, or throws, or says in ``StoredMap/isLinearizable``
///   that it may be older; header and document belong together. Nothing that doesn't validate is ever returned.
/// - *Lost the race*, *refused* and *unreachable* are different outcomes.
/// - Hints may be lost, repeated and reordered; they carry no data.
///
/// All six requirements are required of every driver.
public protocol Registry: Sendable {
    /// Reads a table's map.
    ///
    /// - Parameters:
    ///   - entity: The table.
    ///   - extent: How much is wanted of it.
    ///   - expected: What probably stands there, if the caller knows: a driver needn't decode those very bytes again. Never returned
    ///     because it was given, only because the store holds it.
    /// - Returns: Nil when nothing is published for the table.
    /// - Throws: ``RegistryError``, with ``RegistryError/Code/corrupt`` for what a publish can't have written.
    func load(
        _ entity: EntityName,
        _ extent: LoadExtent,
        expecting expected: PartitionMapDocument?
    ) async throws(RegistryError) -> StoredMap?

    /// Publishes a map of `map.document.table`.
    ///
    /// - Parameters:
    ///   - map: Its version must be above the replaced one's.
    ///   - replaced: The header that the caller read; nil when it read that there is none. A header that can't be read
    ///     counts as none, so that damage can be repaired.
    /// - Throws: ``RegistryError``; nothing was published then, except that an ``RegistryError/Code/unreachable`` after
    ///   the request was sent and ``RegistryError/Code/unconfirmed`` leave that open.
    func publish(
        _ map: PublishedMap,
        replacing replaced: PartitionMapHeader?
    ) async throws(RegistryError) -> PublishOutcome

    /// Removes a table's map, if its header is still that one.
    func remove(
        _ entity: EntityName,
        replacing replaced: PartitionMapHeader
    ) async throws(RegistryError) -> PublishOutcome

    /// The tables that have a map, in `EntityName`'s order.
    func entities() async throws(RegistryError) -> [EntityName]

    /// Hints that a table's map may have changed, from now on, as long as ``run()`` is running somewhere.
    ///
    /// A hint that isn't taken is replaced by the next one.
    func changes(_ entity: EntityName) async -> AsyncStream<RegistryHint>

    /// Listens for changes and reconnects for ever; returns when the task is cancelled.
    func run() async
}

extension Registry {
    /// Reads and decodes whatever is stored.
    public func load(_ entity: EntityName, _ extent: LoadExtent) async throws(RegistryError) -> StoredMap? {
        try await load(entity, extent, expecting: nil)
    }

    /// The table's header and document, read linearizably.
    public func load(_ entity: EntityName) async throws(RegistryError) -> PublishedMap? {
        guard let stored = try await load(entity, .document)?.linearizable(), let document = stored.document else {
            return nil
        }
        do {
            return try PublishedMap(header: stored.header, document: document)
        } catch {
            throw RegistryError(.corrupt, error.message)
        }
    }

    /// The table's header, read linearizably.
    public func header(_ entity: EntityName) async throws(RegistryError) -> PartitionMapHeader? {
        try await load(entity, .header)?.linearizable().header
    }
}
