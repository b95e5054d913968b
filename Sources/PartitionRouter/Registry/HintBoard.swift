// SPDX-License-Identifier: Apache-2.0
// Part of partition-cli. See LICENSE and CONTRIBUTING.md.

package import PartitionMap

/// Who wants to hear of which table.
package actor HintBoard {
    private var listeners: [EntityName: [AsyncStream<RegistryHint>.Continuation]] = [:]
    private var watchers: [AsyncStream<EntityName>.Continuation] = []

    package init() {}

    /// A stream that holds at most the newest hint.
    package func listen(to entity: EntityName) -> AsyncStream<RegistryHint> {
        let (stream, continuation) = AsyncStream.makeStream(of: RegistryHint.self, bufferingPolicy: .bufferingNewest(1))
        if listeners[entity] == nil {
            watchers.removeAll { if case .terminated = $0.yield(entity) { true } else { false } }
        }
        listeners[entity, default: []].append(continuation)
        return stream
    }

    /// Every table that somebody listens to, from the first listener on until ``announce(_:for:)`` says that there is none left: for drivers that
    /// watch each table by itself.
    package func tables() -> AsyncStream<EntityName> {
        let (stream, continuation) = AsyncStream.makeStream(of: EntityName.self)
        watchers.append(continuation)
        for entity in listeners.keys { continuation.yield(entity) }
        return stream
    }

    /// - Returns: False when nobody listens any more.
    @discardableResult
    package func announce(_ hint: RegistryHint, for entity: EntityName) -> Bool {
        // A stream that nobody reads any more says so when it is given something.
        listeners[entity]?.removeAll { continuation in
            if case .terminated = continuation.yield(hint) { true } else { false }
        }
        if listeners[entity]?.isEmpty == true { listeners[entity] = nil }
        return listeners[entity] != nil
    }

    package func announceToAll(_ hint: RegistryHint) {
        for entity in Array(listeners.keys) { announce(hint, for: entity) }
    }
}
