// SPDX-License-Identifier: Apache-2.0
// Part of partition-cli. See LICENSE and CONTRIBUTING.md.

import PartitionMap
import PartitionRouter
import Provisioning

/// Publishes a map that was made elsewhere, under the header that says where.
struct MapCarrier {
    /// Tries against other publishers.
    private static let rounds = 5

    var registry: any Registry
    var takesOver: Bool

    /// What came of a map, or what stood against it.
    enum Result: Sendable {
        case outcome(Publisher.Outcome)
        case obstacle(MapCheck.Obstacle)
    }

    /// - Parameter check: says what stands against the map; asked after the stored header was read, so that a change which it doesn't see
    ///   is one that the compare-and-swap on that header does.
    func publish(
        _ map: PublishedMap,
        unless check: (PublishedMap) async -> MapCheck.Obstacle?
    ) async -> Result {
        do throws(RegistryError) {
            for _ in 0..<Self.rounds {
                let (header, isIntact) = try await standing(of: map.document.table)
                if let obstacle = await check(map) { return .obstacle(obstacle) }
                if let outcome = try await attempt(map, over: header, isIntact) { return .outcome(outcome) }
            }
            return .outcome(
                .failed("another publisher was faster \(Self.rounds) times in a row", remedy: "run again")
            )
        } catch {
            return .outcome(.failed(error.message, remedy: error.remedy))
        }
    }

    /// - Returns: nil after a lost race.
    private func attempt(
        _ map: PublishedMap,
        over header: PartitionMapHeader?,
        _ isIntact: Bool
    ) async throws(RegistryError) -> Publisher.Outcome? {
        if let header {
            if isIntact, header.checksum == map.header.checksum, !takesOver,
                map.header.origin.isCurrentOrigin(of: header)
            {
                return .unchanged(version: header.version)
            }
            if !takesOver, let refusal = map.header.refusal(replacing: header) {
                return .failed(
                    "the registry holds a map that this one may not replace: \(refusal)",
                    remedy:
                        "partition-cli registry repair publishes the database's own; if this is meant, say --take-over"
                )
            }
        }
        let carried: PublishedMap
        do throws(PartitionMapError) {
            carried = try PublishedMap(
                document: map.document,
                // Its own version in a store that has none: routers that had it have it still.
                version: PartitionMapHeader.version(after: header?.version, clock: map.header.version),
                origin: map.header.origin
            )
        } catch {
            return .failed(error.message, remedy: nil)
        }
        if case .published = try await registry.publish(carried, replacing: header) {
            return .published(version: carried.header.version)
        }
        return nil
    }

    private func standing(
        of table: EntityName
    ) async throws(RegistryError) -> (header: PartitionMapHeader?, isIntact: Bool) {
        for extent in [LoadExtent.all, .header] {
            do {
                let stored = try await registry.load(table, extent)?.linearizable()
                return (stored?.header, extent == .all && stored?.isIntact ?? false)
            } catch {
                // What can't be read is replaced.
                guard error.code == .corrupt else { throw error }
            }
        }
        return (nil, false)
    }
}
