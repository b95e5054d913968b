// SPDX-License-Identifier: Apache-2.0
// Part of partition-cli. See LICENSE and CONTRIBUTING.md.

import LibPQ
public import Logging
public import PartitionRouter

/// Loads rows into the partitions that a router found, by `COPY`, over one connection.
///
/// All groups of a call are one transaction. A partition may have been retired since it was looked up: then the server says that
/// there is no such table (``LoadingError/isRoutingOutdated``), nothing is loaded, and the rows are to be looked up again. Loads that
/// come at once wait for one another.
public actor PartitionLoader {
    private let configuration: ConnectionConfiguration
    private let columns: [String]
    private let deadline: Duration
    private let logger: Logger
    private var connection: Connection?

    /// Connects at the first load, and again after the connection was lost.
    ///
    /// - Parameters:
    ///   - conninfo: A URI or key=value string, as libpq takes it.
    ///   - columns: Those that rows give values for, unquoted.
    ///   - deadline: For one load, connecting apart.
    /// - Throws: ``LoadingError`` for a string that libpq doesn't understand.
    public init(
        conninfo: String,
        columns: [String],
        deadline: Duration = .seconds(30),
        logger: Logger
    ) throws(LoadingError) {
        do {
            configuration = try ConnectionConfiguration(conninfo)
        } catch {
            throw LoadingError(error)
        }
        self.columns = columns
        self.deadline = deadline
        self.logger = logger
    }

    /// Loads all groups, or nothing.
    ///
    /// Rows that a partition refuses by its bounds go through the partitioned table, with those of their group: the server may place a key
    /// elsewhere than a router, that of a `timestamptz(0)` for example, which it rounds first. That takes the right to insert there.
    ///
    /// - Parameters:
    ///   - groups: As ``Reader/group(_:by:)-(_,(Row)->Int64)`` made them.
    ///   - values: A row's values in the order of the columns, as PostgreSQL reads them from text; nil is NULL.
    /// - Returns: How many rows were loaded.
    public func load<Row: Sendable>(
        _ groups: [RoutedRows<Row>.Group],
        _ values: @Sendable (Row) -> [String?]
    ) async throws(LoadingError) -> Int {
        let end = ContinuousClock.now + deadline
        let texts = groups.map { group in
            var text = CopyText()
            for row in group.rows { text.append(values(row)) }
            return text.bytes
        }
        var places = groups.map(\.partition)
        var refusal: PostgresError?
        while true {
            let copies = zip(places, texts).map { CopyIn(statement(into: $0), bytes: $1) }
            do {
                let connection = try await opened()
                let left = refusal == nil ? deadline : max(.zero, ContinuousClock.now.duration(to: end))
                return try await connection.copyIn(copies, deadline: left).reduce(0, +)
            } catch {
                // Whoever may not insert into the table itself is told what the partition said.
                if let refusal, error.sqlState == .insufficientPrivilege { throw LoadingError(refusal) }
                guard let refused = Self.refused(by: error, among: places) else { throw LoadingError(error) }
                logger.notice(
                    "rows that a partition refuses by its bounds go through the table",
                    metadata: ["partition": "\(places[refused].qualifiedName)"]
                )
                places[refused] = places[refused].parent
                refusal = error
            }
        }
    }

    /// The first group whose partition says that its bounds don't take a row: a check without a name. The partitioned table says so, too,
    /// where it has no partition for one; that is the last word.
    private static func refused(by error: PostgresError, among places: [RoutedPartition]) -> Int? {
        guard error.sqlState == .checkViolation, error.constraint == nil else { return nil }
        return places.firstIndex { $0.state != nil && $0.schema == error.schema && $0.name == error.table }
    }

    /// Ends the session; the next load begins another one.
    public func close() async {
        let open = connection
        connection = nil
        await open?.close()
    }

    private func opened() async throws(PostgresError) -> Connection {
        if let connection, await connection.isOpen { return connection }
        let fresh = try await Connection.open(configuration, logger: logger)
        // Another load may have connected meanwhile.
        if let connection, await connection.isOpen {
            await fresh.close()
            return connection
        }
        connection = fresh
        return fresh
    }

    private func statement(into place: RoutedPartition) -> Statement {
        var names: Statement = ""
        for (index, column) in columns.enumerated() {
            names = index == 0 ? "\(identifier: column)" : "\(fragment: names), \(identifier: column)"
        }
        return "COPY \(qualified: place.schema, place.name) (\(fragment: names)) FROM STDIN"
    }
}
