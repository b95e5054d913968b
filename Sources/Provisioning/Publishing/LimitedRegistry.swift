// SPDX-License-Identifier: Apache-2.0
// Part of partition-cli. See LICENSE and CONTRIBUTING.md.

import PartitionMap
import PartitionRouter

/// A registry that is waited for until a certain moment and no longer, whatever patience its driver has.
struct LimitedRegistry: Sendable {
    let registry: any Registry
    let end: ContinuousClock.Instant

    func load(
        _ entity: EntityName,
        _ extent: LoadExtent,
        expecting expected: PartitionMapDocument?
    ) async throws(RegistryError) -> StoredMap? {
        try await inTime { () async throws(RegistryError) in
            // What a standby holds is no ground for leaving a map as it is.
            try await registry.load(entity, extent, expecting: expected)?.linearizable()
        }
    }

    func entities() async throws(RegistryError) -> [EntityName] {
        try await inTime { () async throws(RegistryError) in try await registry.entities() }
    }

    func publish(
        _ map: PublishedMap,
        replacing replaced: PartitionMapHeader?
    ) async throws(RegistryError) -> PublishOutcome {
        try await inTime { () async throws(RegistryError) in try await registry.publish(map, replacing: replaced) }
    }

    /// - Throws: what the body throws; of the class `unreachable` where the time was over first.
    private func inTime<Value: Sendable>(
        _ body: @escaping @Sendable () async throws(RegistryError) -> Value
    ) async throws(RegistryError) -> Value {
        let result = await limited(until: end) { () async -> Result<Value, RegistryError> in
            do throws(RegistryError) {
                return .success(try await body())
            } catch {
                return .failure(error)
            }
        }
        // Which of the two a cancellation ends first says nothing.
        guard !Task.isCancelled else {
            throw RegistryError(.cancelled, "nobody waits any more: the run was interrupted")
        }
        guard let result else {
            throw RegistryError(
                .unreachable,
                "the time for publishing was over before the registry had answered",
                hint: "run again: what isn't published yet is published then"
            )
        }
        return try result.get()
    }
}

extension RegistryError {
    /// The next table would only hear the same: nobody answers, or the run was interrupted.
    package var isOfWholeRegistry: Bool { code == .unreachable || code == .cancelled }
}

extension Publisher.Outcome {
    init(_ error: RegistryError) {
        self = .failed(error.message, remedy: error.remedy)
    }
}
