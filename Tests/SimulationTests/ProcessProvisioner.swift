// SPDX-License-Identifier: Apache-2.0
// Part of partition-cli. See LICENSE and CONTRIBUTING.md.

import LibPQ
import PartitionMap
import PartitionRouter
import TestSupport
import Testing

/// What a run does with a real database and a real store, so that a test can say when: the table `public.events`, whose partition
/// `events_N` holds the keys from 100 N on. Decided by the real code, as in the simulation.
actor ProcessProvisioner {
    static let entity = EntityName(schema: "public", table: "events")
    static let width: Int64 = 100

    private let connection: Connection
    private let registry: any Registry
    private let timing: RetireProtocol.Timing
    private var marks: [String: RetireMark] = [:]
    /// Until when the store held a version, in nanoseconds of the monotonic clock; `.max` for the present one.
    private(set) var heldUntil: [Int64: Int64] = [:]
    /// Every version that was published, in order.
    private(set) var versions: [Int64] = []
    /// Partitions from this key on are promised to stay.
    let keepFrom: Int64 = 100

    init(connection: Connection, registry: any Registry, timing: RetireProtocol.Timing) {
        self.connection = connection
        self.registry = registry
        self.timing = timing
    }

    func prepare(partitions: Int64) async throws {
        _ = try await connection.query(
            """
            CREATE TABLE public.events (id bigint NOT NULL, writer text NOT NULL, number bigint NOT NULL,
                written_at timestamptz NOT NULL DEFAULT clock_timestamp()) PARTITION BY RANGE (id)
            """
        )
        for number in 0..<partitions { try await create(number) }
    }

    /// Commits a partition, and then says so.
    func create(_ number: Int64) async throws {
        _ = try await connection.query(
            """
            CREATE TABLE public.\(identifier: "events_\(number)") PARTITION OF public.events
            FOR VALUES FROM (\(literal: number * Self.width)) TO (\(literal: (number + 1) * Self.width))
            """
        )
    }

    /// What the store holds now is the catalog's map.
    func publish() async throws {
        for _ in 0..<20 {
            let stored: PartitionMapHeader?
            do throws(RegistryError) {
                stored = try await registry.header(Self.entity)
            } catch {
                try await Task.sleep(for: .milliseconds(200))
                continue
            }
            let document = try await document()
            if stored?.checksum == document.checksum { return }
            let version = try PartitionMapHeader.version(after: stored?.version, clock: try await clock())
            let map = try PublishedMap(document: document, version: version, origin: try await origin())
            if try await registry.publish(map, replacing: stored) == .published {
                versions.append(version)
                held(version)
                return
            }
        }
        Issue.record("nothing could be published")
    }

    /// Somebody emptied the store, or set it back: from now on it holds that version, or none.
    func held(_ version: Int64?) {
        let now = MonotonicTime.now().nanoseconds
        for (old, until) in heldUntil where until == .max { heldUntil[old] = now }
        if let version { heldUntil[version] = .max }
    }

    /// Detaches the partition as soon as the protocol says so. It is not fenced: a row that is written to it then would be lost.
    ///
    /// - Returns: When it was detached: of the monotonic clock, and of the server's in microseconds.
    func retire(_ number: Int64) async throws -> (at: Int64, clock: Int64) {
        let name = "events_\(number)"
        while true {
            let standing: RetireProtocol.Standing
            do throws(RegistryError) {
                standing = .stored(try await registry.load(Self.entity))
            } catch {
                standing = .unreachable
            }
            let subject = RetireProtocol.Subject(
                partition: EntityName(schema: "public", table: name),
                origin: try await origin(),
                mark: marks[name],
                // Of it no map promises anything: it lies before ``keepFrom``.
                promisedUntil: nil
            )
            let clock = try await clock()
            let clocks = RetireClocks(server: clock, client: MonotonicTime.wallMicroseconds())
            switch RetireProtocol(timing: timing).next(subject, standing, clocks) {
            case .mark(let mark): marks[name] = mark
            case .publish: try await publish()
            case .wait, .refuse(.unreachable): try await Task.sleep(for: .milliseconds(200))
            case .refuse(let why): throw Refused(why: why)
            case .detach:
                _ = try await connection.query("ALTER TABLE public.events DETACH PARTITION public.\(identifier: name)")
                return (MonotonicTime.now().nanoseconds, try await self.clock())
            }
        }
    }

    struct Refused: Error { let why: RetireProtocol.Refusal }

    private func clock() async throws -> Int64 {
        let rows = try await connection.query(
            "SELECT (extract(epoch FROM clock_timestamp()) * 1000000)::bigint AS clock"
        )
        return try #require(rows.first).int64("clock")
    }

    private func origin() async throws -> MapOrigin {
        let rows = try await connection.query(
            """
            SELECT system_identifier::text AS system, current_database() AS database, pg_current_wal_flush_lsn()::text AS lsn
            FROM pg_control_system()
            """
        )
        let row = try #require(rows.first)
        return MapOrigin(
            systemIdentifier: try row.string("system"),
            database: try row.string("database"),
            timeline: 1,
            lsn: try LogSequenceNumber(parsing: try row.string("lsn"))
        )
    }

    private func document() async throws -> PartitionMapDocument {
        let rows = try await connection.query(
            """
            SELECT substr(c.relname, 8)::bigint AS number FROM pg_inherits i JOIN pg_class c ON c.oid = i.inhrelid
            WHERE i.inhparent = 'public.events'::regclass ORDER BY 1
            """
        )
        let entries = try rows.map { row in
            let number = try row.int64("number")
            return PartitionMapDocument.Entry(
                schema: "public",
                name: "events_\(number)",
                state: marks["events_\(number)"] == nil ? .active : .draining,
                bound: .range(.integer(number * Self.width), .integer((number + 1) * Self.width))
            )
        }
        return try PartitionMapDocument(
            table: Self.entity,
            key: [.init(columns: ["id"], types: ["bigint"], strategy: .range)],
            // 2100-01-01: for longer than the test runs.
            keep: .init(from: .integer(keepFrom), until: 4_102_444_800_000_000),
            entries: entries
        )
    }
}
