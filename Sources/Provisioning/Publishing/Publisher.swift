// SPDX-License-Identifier: Apache-2.0
// Part of partition-cli. See LICENSE and CONTRIBUTING.md.

import LibPQ
package import Logging
import PartitionMap
package import PartitionRouter
package import Partitioning

/// Brings the registry in line with the catalog, table by table, and says what came of each.
///
/// The order makes a publish safe: read the header, then the catalog on the primary, then compare-and-swap on that header. A lost race begins
/// again with the header and never sends the same map twice.
package struct Publisher: Sendable {
    /// Rounds for one table before it is left to the next run.
    private static let rounds = 5

    package let registry: any Registry
    /// Publish even where the stored header says that another, or a newer, database wrote it.
    package let takesOver: Bool
    package let logger: Logger

    package init(registry: any Registry, takesOver: Bool = false, logger: Logger) {
        self.registry = registry
        self.takesOver = takesOver
        self.logger = logger
    }

    /// What came of one table.
    package enum Outcome: Hashable, Codable, Sendable {
        case unchanged(version: Int64)
        case published(version: Int64)
        case failed(String, remedy: String?)

        package var isFailure: Bool {
            if case .failed = self { true } else { false }
        }
    }

    /// Publishes every table of the plan that has a policy.
    ///
    /// - Parameters:
    ///   - session: on the primary; the catalog is read through it after the headers.
    ///   - tables: only these.
    ///   - known: how the catalog was a moment ago. Where the registry has just that, nothing is to be done; it is never
    ///     published from.
    ///   - end: what isn't published by then fails.
    package func publish(
        _ tables: Set<RelationName>,
        as known: Observation,
        session: DatabaseSession,
        settings: PlanSettings,
        until end: ContinuousClock.Instant
    ) async -> [RelationName: Outcome] {
        var outcomes: [RelationName: Outcome] = [:]
        var pending = tables
        let registry = LimitedRegistry(registry: registry, end: end)
        var lastReason = "another publisher was faster \(Self.rounds) times in a row"
        for _ in 0..<Self.rounds where !pending.isEmpty {
            var stored: [RelationName: Stored] = [:]
            for table in pending.sorted() {
                do throws(RegistryError) {
                    stored[table] = try await load(EntityName(schema: table.schema, table: table.name), from: registry)
                } catch {
                    // What one table learned after seconds of waiting the others needn't learn again.
                    if error.isOfWholeRegistry { return outcomes.merging(Self.failed(pending, error)) { $1 } }
                    outcomes[table] = Outcome(error)
                    pending.remove(table)
                }
            }
            let standing = CatalogMaps(known)
            for (table, stored) in stored {
                guard let header = stored.header, stored.isIntact,
                    (try? standing.document(of: table))?.checksum == header.checksum
                else { continue }
                outcomes[table] = .unchanged(version: header.version)
                pending.remove(table)
            }
            if pending.isEmpty { break }
            do {
                let reading = try await Reading(session: session, settings: settings)
                for table in pending.sorted() {
                    guard let stored = stored[table],
                        let outcome = try await publish(table, over: stored, reading: reading, to: registry)
                    else { continue }
                    outcomes[table] = outcome
                    pending.remove(table)
                }
            } catch let error as RegistryError {
                return outcomes.merging(Self.failed(pending, error)) { $1 }
            } catch {
                lastReason = "the catalog could not be read for publishing: \(error)"
                break
            }
        }
        for table in pending {
            outcomes[table] = .failed(lastReason, remedy: "run again")
        }
        return outcomes
    }

    private struct Stored {
        /// nil where nothing, or nothing readable, is stored.
        var header: PartitionMapHeader?
        var isIntact: Bool
        /// Something is stored that no publish can have written.
        var isUnreadable = false
    }

    private static func failed(_ tables: Set<RelationName>, _ error: RegistryError) -> [RelationName: Outcome] {
        Dictionary(uniqueKeysWithValues: tables.map { ($0, Outcome(error)) })
    }

    private func load(
        _ entity: EntityName,
        from registry: LimitedRegistry
    ) async throws(RegistryError) -> Stored {
        do {
            let stored = try await registry.load(entity, .all)
            return Stored(header: stored?.header, isIntact: stored?.isIntact ?? false)
        } catch {
            guard error.code == .corrupt else { throw error }
        }
        do {
            return Stored(
                header: try await registry.load(entity, .header)?.header,
                isIntact: false,
                isUnreadable: true
            )
        } catch {
            guard error.code == .corrupt else { throw error }
            return Stored(header: nil, isIntact: false, isUnreadable: true)
        }
    }

    /// - Returns: nil after a lost race.
    /// - Throws: `RegistryError` that concerns every table.
    private func publish(
        _ table: RelationName,
        over stored: Stored,
        reading: Reading,
        to registry: LimitedRegistry
    ) async throws(RegistryError) -> Outcome? {
        do throws(any Error) {
            let document = try reading.maps.document(of: table)
            if let header = stored.header {
                if header.checksum == document.checksum && stored.isIntact {
                    return .unchanged(version: header.version)
                }
            }
            let version = try PartitionMapHeader.version(after: stored.header?.version, clock: reading.clock)
            let map = try PublishedMap(document: document, version: version, origin: reading.origin)
            if let header = stored.header, !takesOver, let refusal = map.header.refusal(replacing: header) {
                return .failed(
                    "the registry holds a map that this database may not replace: \(refusal)",
                    remedy:
                        "if this is meant, publish once with --take-over; a copy needs a ?prefix= of its own in the registry URL"
                )
            }
            switch try await registry.publish(map, replacing: stored.header) {
            case .published:
                if stored.isUnreadable {
                    logger.warning("the stored map could not be read and was replaced", metadata: ["table": "\(table)"])
                }
                return .published(version: version)
            case .lostRace: return nil
            }
        } catch let error as RegistryError {
            if error.isOfWholeRegistry { throw error }
            return Outcome(error)
        } catch {
            let failure = Failure(error)
            return .failed(failure.message, remedy: failure.remedy)
        }
    }

    /// The catalog as it is after the headers were read, with where and when it was read.
    private struct Reading {
        var maps: CatalogMaps
        var origin: MapOrigin
        var clock: Int64

        init(session: DatabaseSession, settings: PlanSettings) async throws {
            let snapshot = try await CatalogReader(session: session).snapshot(settings: settings)
            let plan = Planner(snapshot: snapshot, settings: settings).plan()
            maps = CatalogMaps(Observation(snapshot: snapshot, plan: plan))
            let rows = try await session.connection.query(
                """
                SELECT pg_current_wal_flush_lsn()::text AS lsn,
                       ('x' || left(pg_walfile_name(pg_current_wal_flush_lsn()), 8))::bit(32)::bigint AS timeline,
                       (extract(epoch FROM clock_timestamp()) * 1000000)::bigint AS clock
                """
            )
            guard let row = rows.first else { throw PostgresError(.decoding, "the server didn't say its WAL position") }
            origin = MapOrigin(
                systemIdentifier: snapshot.server.systemIdentifier ?? "",
                database: snapshot.server.database,
                timeline: try row.int64("timeline"),
                lsn: try LogSequenceNumber(parsing: try row.string("lsn"))
            )
            clock = try row.int64("clock")
        }
    }
}

/// The documents of a reading of the catalog, made as they are asked for.
private struct CatalogMaps {
    private var tables: [RelationName: PartitionedTable] = [:]
    private var policies: [RelationName: GrowthPolicy] = [:]

    init(_ observation: Observation) {
        for table in observation.plan.tables { policies[table.table] = table.policy }
        for table in observation.snapshot.tables { tables[table.name] = table }
    }

    /// - Throws: `PartitionMapError`, or `Failure` where the table has no policy any more.
    func document(of name: RelationName) throws -> PartitionMapDocument {
        guard let table = tables[name], let policy = policies[name] else {
            throw Failure(message: "\(name) has no readable policy any more", remedy: "partition-cli plan says why")
        }
        return try MapDocument.document(of: table, policy: policy)
    }
}
