// SPDX-License-Identifier: Apache-2.0
// Part of partition-cli. See LICENSE and CONTRIBUTING.md.

import LibPQ
package import Logging
import PartitionMap
package import PartitionRouter
import Partitioning

/// Brings the registry in line with the catalog, table by table, and says what came of each.
///
/// The order makes a publish safe: read the header, then the catalog on the primary, then compare-and-swap on that header. A lost race begins
/// again with the header and never sends the same map twice.
package struct Publisher: Sendable {
    /// Rounds for one table before it is left to the next run.
    private static let rounds = 5

    package let registry: any Registry
    /// Publish even where the stored header says that another, or a newer, database wrote it; and even where the content is the
    /// same, so that the map is this database's and its version above every one that routers may have.
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

        /// Not published, since these standbys haven't replayed what it says.
        package static func held(for laggards: [Laggard]) -> Outcome {
            .failed(
                "held back, since a reader sent to a standby might not find the partitions yet: \(laggards.words)",
                remedy: "see to the standby; a run publishes as soon as it has caught up"
            )
        }

        package var isFailure: Bool {
            if case .failed = self { true } else { false }
        }
    }

    /// What came of all tables.
    struct Publications: Sendable {
        var outcomes: [RelationName: Outcome] = [:]
        /// Maps that were published before every standby had replayed what they say.
        var waivers: [RelationName: GuardEvent] = [:]

        /// With these tables' share of what is wrong with the whole registry.
        fileprivate func failing(_ tables: Set<RelationName>, _ error: RegistryError) -> Publications {
            var publications = self
            for table in tables { publications.outcomes[table] = Outcome(error) }
            return publications
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
    ///   - replay: waits for standbys before anything is published; nil for no wait.
    func publish(
        _ tables: Set<RelationName>,
        as known: Observation,
        session: DatabaseSession,
        settings: PlanSettings,
        until end: ContinuousClock.Instant,
        replay: ReplayGate? = nil
    ) async -> Publications {
        var publications = Publications()
        var pending = tables
        let registry = LimitedRegistry(registry: registry, end: end)
        var lastReason = "another publisher was faster \(Self.rounds) times in a row"
        let standing = CatalogMaps(known)
        for _ in 0..<Self.rounds where !pending.isEmpty {
            var stored: [RelationName: Stored] = [:]
            var matching: Set<RelationName> = []
            for table in pending.sorted() {
                let expected = try? standing.document(of: table)
                do throws(RegistryError) {
                    let found = try await load(
                        EntityName(schema: table.schema, table: table.name),
                        expecting: expected,
                        from: registry
                    )
                    stored[table] = found
                    if found.isIntact, found.header?.checksum == expected?.checksum { matching.insert(table) }
                } catch {
                    // What one table learned after seconds of waiting the others needn't learn again.
                    if error.isOfWholeRegistry { return publications.failing(pending, error) }
                    publications.outcomes[table] = Outcome(error)
                    pending.remove(table)
                }
            }
            do {
                for (table, version) in try await unchanged(matching, stored, known.snapshot.server, session) {
                    publications.outcomes[table] = .unchanged(version: version)
                    pending.remove(table)
                }
                if pending.isEmpty { break }
                let reading = try await Reading(session: session, settings: settings)
                let laggards = try await replay?.laggards(reading.origin.lsn, session.connection) ?? []
                for table in pending.sorted() {
                    guard let stored = stored[table] else { continue }
                    let urgency = laggards.isEmpty ? nil : reading.urgency(of: table, stored.document, replay)
                    let outcome = try await publish(
                        table,
                        over: stored,
                        reading: reading,
                        to: registry,
                        holdingFor: urgency == nil ? laggards : []
                    )
                    guard let outcome else { continue }
                    if let urgency, case .published = outcome {
                        publications.waivers[table] = GuardEvent(.lagWaived(laggards), daysRemaining: urgency)
                    }
                    publications.outcomes[table] = outcome
                    pending.remove(table)
                }
            } catch let error as RegistryError {
                return publications.failing(pending, error)
            } catch {
                lastReason = "the catalog could not be read for publishing: \(error)"
                break
            }
        }
        for table in pending {
            publications.outcomes[table] = .failed(lastReason, remedy: "run again")
        }
        return publications
    }

    /// Of the tables whose content is as it must be those that are left as they are, with their versions: unless this database takes
    /// over, or somebody else published them, or it did itself on an earlier timeline.
    private func unchanged(
        _ matching: Set<RelationName>,
        _ stored: [RelationName: Stored],
        _ server: ServerFacts,
        _ session: DatabaseSession
    ) async throws -> [RelationName: Int64] {
        guard !takesOver, !matching.isEmpty else { return [:] }
        let versions = stored.filter { matching.contains($0.key) }.compactMapValues(\.header?.version)
        // After the headers: the log only grows. Who may not know the cluster can publish nothing, and compares nothing.
        guard let stand = try await PublishingStand(of: server, on: session.connection) else { return versions }
        return versions.filter { table, _ in
            stored[table]?.header.map(stand.origin.isCurrentOrigin(of:)) ?? false
        }
    }

    private struct Stored {
        /// nil where nothing, or nothing readable, is stored.
        var header: PartitionMapHeader?
        var document: PartitionMapDocument?
        var isIntact: Bool
        /// Something is stored that no publish can have written.
        var isUnreadable = false
    }

    private func load(
        _ entity: EntityName,
        expecting expected: PartitionMapDocument?,
        from registry: LimitedRegistry
    ) async throws(RegistryError) -> Stored {
        do {
            let stored = try await registry.load(entity, .all, expecting: expected)
            return Stored(
                header: stored?.header,
                document: stored?.document,
                isIntact: stored?.isIntact ?? false
            )
        } catch {
            guard error.code == .corrupt else { throw error }
        }
        do {
            return Stored(
                header: try await registry.load(entity, .header, expecting: nil)?.header,
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
        to registry: LimitedRegistry,
        holdingFor laggards: [Laggard]
    ) async throws(RegistryError) -> Outcome? {
        do throws(any Error) {
            let document = try reading.maps.document(of: table)
            if let header = stored.header, header.checksum == document.checksum, stored.isIntact, !takesOver,
                reading.origin.isCurrentOrigin(of: header)
            {
                return .unchanged(version: header.version)
            }
            guard laggards.isEmpty else {
                return .held(for: laggards)
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

        /// Days left in the published map, where they are so few that nobody is waited for.
        func urgency(of table: RelationName, _ published: PartitionMapDocument?, _ replay: ReplayGate?) -> Double? {
            guard let policy = maps.policies[table] else { return nil }
            return replay?.urgency(of: published, policy, now: Instant(microseconds: clock))
        }

        init(session: DatabaseSession, settings: PlanSettings) async throws {
            let snapshot = try await CatalogReader(session: session).snapshot(settings: settings)
            let plan = Planner(snapshot: snapshot, settings: settings).plan()
            maps = CatalogMaps(Observation(snapshot: snapshot, plan: plan))
            let stand = try await PublishingStand(
                of: snapshot.server.database,
                systemIdentifier: snapshot.server.systemIdentifier,
                on: session.connection
            )
            (origin, clock) = (stand.origin, stand.clock)
        }
    }
}

/// The documents of a reading of the catalog, made as they are asked for.
private struct CatalogMaps {
    private var tables: [RelationName: PartitionedTable] = [:]
    private(set) var policies: [RelationName: GrowthPolicy] = [:]
    private let now: Instant

    init(_ observation: Observation) {
        now = observation.snapshot.server.now
        for table in observation.plan.tables { policies[table.table] = table.policy }
        for table in observation.snapshot.tables { tables[table.name] = table }
    }

    /// - Throws: `PartitionMapError`, or `Failure` where the table has no policy any more.
    func document(of name: RelationName) throws -> PartitionMapDocument {
        guard let table = tables[name], let policy = policies[name] else {
            throw Failure(message: "\(name) has no readable policy any more", remedy: "partition-cli plan says why")
        }
        return try MapDocument.document(of: table, policy: policy, now: now)
    }
}
