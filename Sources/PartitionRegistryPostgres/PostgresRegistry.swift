// SPDX-License-Identifier: Apache-2.0
// Part of partition-cli. See LICENSE and CONTRIBUTING.md.

package import LibPQ
public import Logging
public import PartitionMap
public import PartitionRouter

/// Partition maps in the schema `partition_registry` of a PostgreSQL database, 15 or later.
///
/// The schema is only ever made by ``install()``. Reading needs `USAGE` on it and `SELECT` on its tables; publishing also
/// `INSERT`, `UPDATE` and `DELETE`. Connects on first use and again after a failure.
public actor PostgresRegistry: Registry {
    /// For each statement. A registry's statements are small; a longer one waits for a lock or a dead server.
    static let deadline: Duration = .seconds(10)

    let configuration: ConnectionConfiguration
    /// Before every stored key. Ends with a slash, unless it is empty: no name begins with one, so that no other installation's key is ours.
    private let prefix: String
    let logger: Logging.Logger
    let board = HintBoard()

    private var connection: Connection?

    /// - Parameters:
    ///   - conninfo: A URI or `key=value` string as libpq takes it.
    ///   - prefix: Stands, with a slash, before every table's name, so that several installations can share a database.
    /// - Throws: ``RegistryError/Code/refused`` when libpq can't read the string.
    public init(conninfo: String, prefix: String = "", logger: Logging.Logger) throws(RegistryError) {
        do {
            self.init(configuration: try ConnectionConfiguration(conninfo), prefix: prefix, logger: logger)
        } catch {
            throw RegistryError(.refused, "the registry's connection string can't be read: \(error.message)")
        }
    }

    package init(configuration: ConnectionConfiguration, prefix: String = "", logger: Logging.Logger) {
        self.configuration = configuration
        self.prefix = prefix.isEmpty ? "" : prefix + "/"
        self.logger = logger
    }

    /// Closes the connection. The next call opens another one.
    public func close() async {
        let old = connection
        connection = nil
        await old?.close()
    }

    public func entities() async throws(RegistryError) -> [EntityName] {
        // Names of other installations begin otherwise; starts_with, since a prefix may hold LIKE's characters.
        let rows = try await query(
            "SELECT entity FROM partition_registry.map WHERE starts_with(entity, \(bind: prefix))"
        )
        return rows.compactMap { $0["entity"]?.text.flatMap(entity(stored:)) }.sorted()
    }

    public func changes(_ entity: EntityName) async -> AsyncStream<RegistryHint> { await board.listen(to: entity) }
}

extension PostgresRegistry {
    /// The key under which a table's map is stored.
    func stored(_ entity: EntityName) -> String { prefix + entity.description }

    /// The table behind a stored key; nil for one that isn't ours.
    func entity(stored text: String) -> EntityName? {
        guard text.utf8.starts(with: prefix.utf8) else { return nil }
        let name = String(decoding: text.utf8.dropFirst(prefix.utf8.count), as: UTF8.self)
        guard let entity = try? EntityName(parsing: name), entity.description.utf8.elementsEqual(name.utf8) else {
            return nil
        }
        return entity
    }

    /// A connection that answered just now: a publish that meets a connection which broke while idle would fail for
    /// nothing.
    func connected() async throws(RegistryError) -> Connection {
        if let connection {
            if await connection.isOpen, (try? await connection.query("SELECT 1", deadline: Self.deadline)) != nil {
                return connection
            }
            if Task.isCancelled { throw RegistryError(.cancelled, "cancelled while waiting for PostgreSQL") }
            await connection.close()
        }
        do {
            let fresh = try await Connection.open(configuration, logger: logger)
            connection = fresh
            return fresh
        } catch {
            connection = nil
            throw RegistryError(postgres: error)
        }
    }

    /// One statement on the shared connection.
    func query(_ statement: Statement) async throws(RegistryError) -> Rows {
        let connection = try await connected()
        do {
            return try await connection.query(statement, deadline: Self.deadline)
        } catch {
            throw RegistryError(postgres: error)
        }
    }

    private static let transactionSettings: [Statement] = [
        // Never off: a publish that was reported survives the server's crash.
        "SET LOCAL synchronous_commit = local",
        "SET LOCAL lock_timeout = '5s'",
        "SET LOCAL statement_timeout = '10s'",
    ]

    /// Several statements, all or none.
    ///
    /// The commit waits for no standby: a map is a projection of the catalog, and what a failover loses the next run publishes again. The other
    /// settings are bounds that a role or database may have set tighter, or not at all.
    func transaction<R: Sendable>(_ body: (Connection) async throws -> R) async throws(RegistryError) -> R {
        let connection = try await connected()
        do {
            return try await connection.withTransaction(TransactionOptions(deadline: Self.deadline)) { connection in
                // For the transaction alone: a pooler may hand the server's session on to others.
                _ = try await connection.script(Self.transactionSettings, deadline: Self.deadline)
                return try await body(connection)
            }
        } catch {
            throw RegistryError(transaction: error)
        }
    }
}
