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
        /// The map names no partition any more: its table is gone, or of a key that no map can say.
        case withdrawn(version: Int64)
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

        /// Nobody answers any more.
        fileprivate var isCutShort = false

        /// These tables have their share of what is wrong with the whole registry.
        fileprivate mutating func fail(_ tables: Set<RelationName>, _ error: RegistryError) {
            for table in tables { outcomes[table] = Outcome(error) }
            isCutShort = true
        }
    }

    /// Publishes every table of the plan that has a policy, and brings maps of this database that no policy looks after in line
    /// with the catalog: those of the tables that the settings name, else all that the registry has.
    ///
    /// - Parameters:
    ///   - session: on the primary; the catalog is read through it after the headers.
    ///   - tables: those that have a policy.
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
        let errand = Errand(
            registry: LimitedRegistry(registry: registry, end: end),
            known: known,
            session: session,
            settings: settings,
            replay: replay
        )
        var publications = Publications()
        await publish(tables, areUnattended: false, errand, &publications)
        // What one table learned after seconds of waiting the others needn't learn again.
        guard !publications.isCutShort else { return publications }
        let others = await unattended(besides: tables, errand)
        await publish(others, areUnattended: true, errand, &publications)
        return publications
    }

    /// What a publish is done with.
    struct Errand: Sendable {
        let registry: LimitedRegistry
        let known: Observation
        let session: DatabaseSession
        let settings: PlanSettings
        let replay: ReplayGate?
    }

    /// - Parameter areUnattended: no policy looks after the tables; of these only what this database published is touched.
    private func publish(
        _ tables: Set<RelationName>,
        areUnattended: Bool,
        _ errand: Errand,
        _ publications: inout Publications
    ) async {
        let (known, session, registry) = (errand.known, errand.session, errand.registry)
        var pending = tables
        var lastReason = "another publisher was faster \(Self.rounds) times in a row"
        var standing = CatalogMaps(known)
        for _ in 0..<Self.rounds where !pending.isEmpty {
            var stored: [RelationName: Stored] = [:]
            var expected: [RelationName: CatalogMap] = [:]
            for table in pending.sorted() {
                do throws(RegistryError) {
                    let entity = EntityName(schema: table.schema, table: table.name)
                    if areUnattended {
                        stored[table] = try await loadOwn(entity, of: known.snapshot.server, from: registry)
                        if stored[table] == nil { pending.remove(table) }
                    } else {
                        expected[table] = try? standing.map(of: table, over: nil)
                        stored[table] = try await load(entity, expecting: expected[table]?.document, from: registry)
                    }
                } catch {
                    // What one table learned after seconds of waiting the others needn't learn again.
                    if error.isOfWholeRegistry { return publications.fail(pending, error) }
                    publications.outcomes[table] = Outcome(error)
                    pending.remove(table)
                }
            }
            do {
                if areUnattended {
                    let zones = Set(stored.values.compactMap(\.document?.timezone))
                    standing = try await standing.adding(zones, session)
                    for (table, found) in stored { expected[table] = try? standing.map(of: table, over: found) }
                }
                let matching = pending.filter { table in
                    guard let found = stored[table], found.isIntact else { return false }
                    return found.header?.checksum == expected[table]?.document.checksum
                }
                for (table, version) in try await unchanged(matching, stored, known.snapshot.server, session) {
                    pending.remove(table)
                    // A table that is gone isn't spoken of for ever.
                    if expected[table]?.isWithdrawal != true {
                        publications.outcomes[table] = .unchanged(version: version)
                    }
                }
                if pending.isEmpty { break }
                let reading = try await Reading(session: session, settings: errand.settings, zones: standing.zones)
                // A map that only takes partitions away sends nobody to where nothing is yet: it waits for no standby.
                let removals = pending.filter { table in
                    // Where nobody is waited for the map needn't be made twice.
                    guard errand.replay != nil, let found = stored[table], found.document != nil else { return false }
                    return found.losesOnly(try? reading.maps.map(of: table, over: found).document.entries)
                }
                for (tables, waits) in [(removals, false), (pending.subtracting(removals), true)]
                where !tables.isEmpty {
                    let laggards =
                        waits ? try await errand.replay?.laggards(reading.origin.lsn, session.connection) ?? [] : []
                    for table in tables.sorted() {
                        guard let stored = stored[table] else { continue }
                        let urgency =
                            laggards.isEmpty ? nil : reading.urgency(of: table, stored.document, errand.replay)
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
                }
            } catch let error as RegistryError {
                return publications.fail(pending, error)
            } catch {
                lastReason = "the catalog could not be read for publishing: \(error)"
                break
            }
        }
        for table in pending {
            publications.outcomes[table] = .failed(lastReason, remedy: "run again")
        }
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

    struct Stored {
        /// nil where nothing, or nothing readable, is stored.
        var header: PartitionMapHeader?
        var document: PartitionMapDocument?
        var isIntact: Bool
        /// Something is stored that no publish can have written.
        var isUnreadable = false

        /// Whether these are some of those that stand there, just as they stand there.
        func losesOnly(_ entries: [PartitionMapDocument.Entry]?) -> Bool {
            guard let document, let entries, document.entries.count > entries.count else { return false }
            return Set(document.entries).isSuperset(of: entries)
        }
    }

    func load(
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
            let made = try reading.maps.map(of: table, over: stored)
            let document = made.document
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
                return made.isWithdrawal ? .withdrawn(version: version) : .published(version: version)
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
}
