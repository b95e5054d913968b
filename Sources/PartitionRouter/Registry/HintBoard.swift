// SPDX-License-Identifier: Apache-2.0
// Part of partition-cli. See LICENSE and CONTRIBUTING.md.

package import PartitionMap

/// Who wants to hear of which table.
package actor HintBoard {
    private var listeners: [EntityName: [AsyncStream<RegistryHint>.Continuation]] = [:]

    package init() {}

    /// A stream that holds at most the newest hint.
    package func listen(to entity: EntityName) -> AsyncStream<RegistryHint> {
        let (stream, continuation) = AsyncStream.makeStream(of: RegistryHint.self, bufferingPolicy: .bufferingNewest(1))
        listeners[entity, default: []].append(continuation)
        return stream
    }

    package func announce(_ hint: RegistryHint, for entity: EntityName) {
        // A stream that nobody reads any more says so when it is given something.
        listeners[entity]?.removeAll { continuation in
            if case .terminated = continuation.yield(hint) { true } else { false }
        }
        if listeners[entity]?.isEmpty == true { listeners[entity] = nil }
    }

    package func announceToAll(_ hint: RegistryHint) {
        for entity in Array(listeners.keys) { announce(hint, for: entity) }
    }
}
