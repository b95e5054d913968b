// SPDX-License-Identifier: Apache-2.0
// Part of partition-cli. See LICENSE and CONTRIBUTING.md.

import Logging
import PartitionLoading
import PartitionMap
import PartitionRouter

/// Sorts batches of events by partition, and loads each batch in one transaction.
struct EventStore: Sendable {
    /// How often a batch is looked up before it is given back: the map that says where rows belong now may be on its way.
    private static let attempts = 3

    private let router: Router
    private let loader: PartitionLoader
    private let logger: Logger

    init(router: Router, conninfo: String, logger: Logger) throws {
        self.router = router
        self.logger = logger
        loader = try PartitionLoader(conninfo: conninfo, columns: ["event_ts", "kind", "payload"], logger: logger)
    }

    /// The version that is served and how old it is; nil before the first one.
    var map: (version: Int64, age: Duration)? {
        guard let version = router.version, let age = router.age else { return nil }
        return (version, age)
    }

    func load(_ batch: [Event]) async throws -> Receipt {
        var attempt = 1
        while true {
            do throws(LoadingError) {
                return try await loadOnce(batch)
            } catch {
                // A partition was retired since it was looked up, or is being made. Nothing was loaded.
                guard error.isRoutingOutdated || error.isTemporary, attempt < Self.attempts else { throw error }
                logger.notice("looking a batch up again", metadata: ["error": "\(error)"])
            }
            attempt += 1
            try await Task.sleep(for: .milliseconds(200))
        }
    }

    private func loadOnce(_ batch: [Event]) async throws(LoadingError) -> Receipt {
        let reader = router.reader()
        let routed = reader.group(batch, by: { event in [.text(event.at)] })
        for (event, miss) in routed.misses {
            logger.error("not loaded: \(miss)", metadata: ["kind": "\(event.kind)"])
        }
        let loaded = try await loader.load(routed.groups) { event in [event.at, event.kind, event.payload] }
        return Receipt(
            loaded: loaded,
            version: reader.version,
            tables: Dictionary(uniqueKeysWithValues: routed.groups.map { ($0.partition.qualifiedName, $0.rows.count) })
        )
    }
}
