// SPDX-License-Identifier: Apache-2.0
// Part of partition-cli. See LICENSE and CONTRIBUTING.md.

import LibPQ
import LocalPostgres
import Logging
import PartitionMap
import PartitionRegistryHTTP
import PartitionRegistryPostgres
import PartitionRegistryRedis
import PartitionRouter
import TestSupport

/// The stores that the conformance suite runs against.
enum Store: String, CaseIterable, Sendable {
    case memory, redis, postgres, etcd, consul

    /// Those with a server that can be stopped.
    static let servers: [Store] = [.redis, .postgres, .etcd, .consul]
}

/// One store, empty, with what a test may do to it from outside.
struct StoreFixture: Sendable {
    /// A client of its own each time, with a connection of its own; the memory registry is its own only client.
    let client: @Sendable () async throws -> any Registry
    /// The same, but waiting long for an answer.
    let patientClient: @Sendable () async throws -> any Registry
    /// Empties the store without the registry's knowledge.
    var flush: @Sendable () async throws -> Void = {}
    /// Writes a field of the header, or the document, by hand.
    var write: @Sendable (_ field: String, _ value: String, EntityName) async throws -> Void = { _, _, _ in }
    /// Sends a hint that no publish made.
    var hint: @Sendable (EntityName) async throws -> Void = { _ in }
    var pause: @Sendable () async throws -> Void = {}
    var resume: @Sendable () async throws -> Void = {}
    var kill: @Sendable () async throws -> Void = {}
    var start: @Sendable () async throws -> Void = {}

    static func with(
        _ store: Store,
        ownServer: Bool = false,
        _ body: (StoreFixture) async throws -> Void
    ) async throws {
        switch store {
        case .memory:
            let registry = MemoryRegistry()
            try await body(StoreFixture(client: { registry }, patientClient: { registry }))
        case .redis: try await withRedis(body)
        case .postgres: try await withPostgres(ownServer: ownServer, body)
        case .etcd: try await withServer(.etcd, body)
        case .consul: try await withServer(.consul, body)
        }
    }

    private static func withRedis(_ body: (StoreFixture) async throws -> Void) async throws {
        var options = RedisServer.Options()
        options.isPersistent = true
        let server = try await RedisServer.start(options)
        let url = try RegistryURL(parsing: "redis://127.0.0.1:\(server.port)?timeout=1")
        let patient = try RegistryURL(parsing: "redis://127.0.0.1:\(server.port)?timeout=60")
        @Sendable func meta(_ entity: EntityName) -> String { "{partition_map:\(entity.storeKey)}:meta" }
        let fixture = StoreFixture(
            client: { try RedisRegistry(url, logger: .test) },
            patientClient: { try RedisRegistry(patient, logger: .test) },
            flush: { _ = try await server.command("FLUSHALL") },
            write: { field, value, entity in _ = try await server.command("HSET", meta(entity), field, value) },
            hint: { entity in _ = try await server.command("PUBLISH", "partition_map_updated:\(entity.storeKey)", "x")
            },
            pause: { try await server.pause() },
            resume: { try await server.resume() },
            kill: { await server.kill() },
            start: { try await server.start() }
        )
        do { try await body(fixture) } catch {
            await server.stop()
            throw error
        }
        await server.stop()
    }

    private static func withPostgres(ownServer: Bool, _ body: (StoreFixture) async throws -> Void) async throws {
        let cluster = ownServer ? try await TestServer.makeCluster() : try await TestServer.shared.cluster()
        let name = "registry_\(UInt64.random(in: .min ... .max))"
        let conninfo = cluster.conninfo(database: name) + " connect_timeout=2"
        @Sendable func administer(_ database: String, _ statement: Statement) async throws {
            let connection = try await Connection.open(
                ConnectionConfiguration(cluster.conninfo(database: database)),
                logger: .test
            )
            _ = try await connection.query(statement)
            await connection.close()
        }
        try await administer("postgres", "CREATE DATABASE \(identifier: name) TEMPLATE template0")
        let installer = try PostgresRegistry(conninfo: conninfo, logger: .test)
        try await installer.install()
        await installer.close()
        let fixture = StoreFixture(
            client: { try PostgresRegistry(conninfo: conninfo, logger: .test) },
            patientClient: { try PostgresRegistry(conninfo: cluster.conninfo(database: name), logger: .test) },
            flush: { try await administer(name, "DELETE FROM partition_registry.map") },
            write: { field, value, entity in
                let column = field == "systemIdentifier" ? "system_identifier" : field
                let content: Statement =
                    switch field {
                    case "document": "convert_to(\(bind: value), 'UTF8')"
                    case "version", "size", "timeline", "chunks": "\(bind: value)::bigint"
                    default: "\(bind: value)::text"
                    }
                try await administer(
                    name,
                    """
                    UPDATE partition_registry.map SET \(identifier: column) = \(fragment: content)
                    WHERE entity = \(bind: entity.description)
                    """
                )
            },
            hint: { entity in
                try await administer(
                    name,
                    "SELECT pg_notify('partition_map_updated', \(bind: "1 \(entity.description)"))"
                )
            },
            pause: { await cluster.pause() },
            resume: { await cluster.resume() },
            kill: { try await cluster.crash() },
            start: {
                // The dead server's children hold its memory for a moment.
                try await eventually("PostgreSQL starts again") { (try? await cluster.launch()) != nil }
            }
        )
        do { try await body(fixture) } catch {
            if ownServer { await cluster.remove() }
            throw error
        }
        if ownServer {
            await cluster.remove()
        } else {
            try await administer("postgres", "DROP DATABASE \(identifier: name) WITH (FORCE)")
        }
    }
}
