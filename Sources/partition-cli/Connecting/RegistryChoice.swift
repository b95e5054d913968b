// SPDX-License-Identifier: Apache-2.0
// Part of partition-cli. See LICENSE and CONTRIBUTING.md.

import LibPQ
import Logging
import PartitionMap
import PartitionRegistryHTTP
import PartitionRegistryPostgres
import PartitionRegistryRedis
import PartitionRouter

/// The registry of one command, or why there is none.
struct RegistryChoice: Sendable {
    /// nil where nothing is published or read.
    let registry: (any Registry)?
    /// The URL without secrets; `none` where there is no registry.
    let name: String
    /// Why there is none, and how to change that; nil where one was named, `none` included.
    let reason: String?
    /// Nobody named one, and the one in the database can't be used as it is: whoever routes by it isn't told of anything new.
    let isUnusable: Bool
    /// Nobody named it: it is used because its schema is there.
    let isImplicit: Bool
    /// The same registry where it is a PostgreSQL one.
    let postgres: PostgresRegistry?
    private let redis: RedisRegistry?
    private let http: HTTPRegistry?

    private init(
        name: String,
        reason: String? = nil,
        isUnusable: Bool = false,
        isImplicit: Bool = false,
        postgres: PostgresRegistry? = nil,
        redis: RedisRegistry? = nil,
        http: HTTPRegistry? = nil
    ) {
        self.name = name
        self.reason = reason
        self.isUnusable = isUnusable
        self.isImplicit = isImplicit
        self.postgres = postgres
        self.redis = redis
        self.http = http
        registry = postgres ?? redis ?? http
    }

    /// The same, to be published to.
    var forPublishing: (any Registry)? {
        postgres.map(SelfInstallingRegistry.init) ?? registry
    }

    /// What a command wants of the registry in the database where nobody named one.
    enum Use {
        case reading, publishing
    }

    /// - Parameters:
    ///   - url: what the caller said, if anything.
    ///   - configuration: of the database being provisioned, for `self`.
    ///   - embedded: what was found there; nil where nobody looked.
    /// - Throws: `RegistryError`.
    init(
        _ url: RegistryURL?,
        database configuration: ConnectionConfiguration?,
        embedded: EmbeddedRegistry?,
        for use: Use,
        logger: Logger
    ) throws(RegistryError) {
        guard let url else {
            self = Self.implicit(embedded, configuration, for: use, logger: logger)
            return
        }
        let name = url.redactedDescription
        switch url.kind {
        case .redis: self.init(name: name, redis: try RedisRegistry(url, logger: logger))
        case .etcd, .consul: self.init(name: name, http: try HTTPRegistry(url, logger: logger))
        case .postgres(let conninfo):
            let registry = try PostgresRegistry(conninfo: conninfo.reveal(), prefix: url.prefix, logger: logger)
            self.init(name: name, postgres: registry)
        case .selfDatabase:
            let registry = configuration.map {
                PostgresRegistry(configuration: $0, prefix: url.prefix, logger: logger)
            }
            self.init(name: name, postgres: registry)
        case .none: self.init(name: name)
        }
    }

    /// The one in the database, where it is there.
    private static func implicit(
        _ embedded: EmbeddedRegistry?,
        _ configuration: ConnectionConfiguration?,
        for use: Use,
        logger: Logger
    ) -> RegistryChoice {
        switch embedded {
        case .readable(let role) where use == .publishing:
            return RegistryChoice(name: "none", reason: grant(role), isUnusable: true)
        case .usable, .readable:
            let registry = configuration.map { PostgresRegistry(configuration: $0, logger: logger) }
            return RegistryChoice(name: "self", isImplicit: true, postgres: registry)
        case .forbidden(let role):
            return RegistryChoice(name: "none", reason: grant(role), isUnusable: true)
        case .incomplete:
            return RegistryChoice(
                name: "none",
                reason:
                    "the schema partition_registry is in this database, and its table of maps isn't; DROP SCHEMA partition_registry CASCADE, then "
                    + "partition-cli init --registry: maps are made from the catalog, and versions go on growing",
                isUnusable: true
            )
        case .absent, nil:
            return RegistryChoice(
                name: "none",
                reason:
                    "no registry is configured; --registry-url=self keeps maps in this database, redis://… in Redis"
            )
        }
    }

    private static func grant(_ role: String) -> String {
        "the role \(role) may not use the registry in this database; "
            + "GRANT USAGE ON SCHEMA partition_registry TO \(EntityName.quoted(role)); "
            + "GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA partition_registry TO \(EntityName.quoted(role))"
    }

    /// What a Redis does to keep the maps; nil for another registry, or none.
    func redisDurability() async throws(RegistryError) -> RedisDurability? {
        guard let redis else { return nil }
        return try await redis.durability()
    }

    /// How each endpoint of an etcd or Consul is; none for another registry.
    func endpointStandings() async throws(RegistryError) -> [EndpointStanding] {
        try await http?.endpointStandings() ?? []
    }

    func close() async {
        await postgres?.close()
        await redis?.close()
        await http?.close()
    }
}
