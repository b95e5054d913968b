// SPDX-License-Identifier: Apache-2.0
// Part of partition-cli. See LICENSE and CONTRIBUTING.md.

import LibPQ
import LocalPostgres
import Logging
import TestSupport
import Testing

@Suite("Opening a connection", .temporaryDatabase, .timeLimit(.minutes(2)))
struct OpeningTests {
    @Test("with a wrong password says 28P01 and shows no password, not even in the log")
    func wrongPassword() async throws {
        let cluster = try await TestServer.makeCluster(listenTCP: true)
        let admin = try await Connection.open(ConnectionConfiguration(cluster.conninfo()), logger: .test)
        _ = try await admin.query("CREATE ROLE ann LOGIN PASSWORD 'right-w0rd'")
        let lines = LogLines()
        var logger = Logger(label: "test") { _ in lines }
        logger.logLevel = .trace
        for conninfo in [
            "postgresql://ann:wr0ng-word@127.0.0.1:\(cluster.port)/postgres",
            "host=127.0.0.1 port=\(cluster.port) user=ann password=wr0ng-word dbname=postgres",
        ] {
            let configuration = try ConnectionConfiguration(conninfo)
            let error = await #expect(throws: PostgresError.self) {
                try await Connection.open(configuration, logger: logger)
            }
            #expect(error?.kind == .connectionRefused)
            #expect(error?.sqlState == .invalidPassword)
            #expect(error?.message.contains("ann") == true)
            #expect(error?.message.contains("28P01") == false)
            #expect(error?.message.contains("LOCATION") == false)
            #expect(error.map { "\($0) \($0.debugDescription)".contains("wr0ng") } == false)
        }
        let right = "postgresql://ann:right-w0rd@127.0.0.1:\(cluster.port)/postgres"
        let connection = try await Connection.open(ConnectionConfiguration(right), logger: logger)
        _ = try await connection.query("DO $$ BEGIN RAISE NOTICE 'hello'; END $$")
        let logged = lines.text
        #expect(logged.contains("hello"))
        #expect(!logged.contains("w0rd"))
        await cluster.remove()
    }

    @Test("of a database that doesn't exist says 3D000")
    func missingDatabase() async throws {
        let configuration = try TemporaryDatabase.current.configuration().database("no such database")
        let error = await #expect(throws: PostgresError.self) {
            try await Connection.open(configuration, logger: .test)
        }
        #expect(error?.sqlState == .invalidCatalogName)
        #expect(error?.isTransient == false)
    }

    @Test("beyond the server's limit says 53300, which is worth a retry")
    func tooMany() async throws {
        let cluster = try await TestServer.makeCluster(
            settings: ["max_connections": "4", "superuser_reserved_connections": "0", "max_wal_senders": "0"]
        )
        let configuration = try ConnectionConfiguration(cluster.conninfo())
        var open: [Connection] = []
        for _ in 0..<4 { open.append(try await Connection.open(configuration, logger: .test)) }
        let error = await #expect(throws: PostgresError.self) {
            try await Connection.open(configuration, logger: .test)
        }
        #expect(error?.sqlState == .tooManyConnections)
        #expect(error?.isTransient == true)
        for connection in open { await connection.close() }
        await cluster.remove()
    }

    @Test("gives up a silent host after its time and goes on with the next of the list")
    func silentHost() async throws {
        let database = try TemporaryDatabase.current
        let silent = try SilentListener()
        var configuration = try ConnectionConfiguration(
            "host=127.0.0.1,\(database.cluster.socketDirectory) port=\(silent.port),\(database.cluster.port) "
                + "dbname=\(database.name) user=postgres"
        )
        configuration.connectTimeout = .milliseconds(100)
        let connection = try await Connection.open(configuration, logger: .test)
        #expect(try await connection.text("SELECT current_database()") == database.name)
    }

    @Test("tries no other host when a server refuses, and says all that went wrong")
    func refusalEndsSearch() async throws {
        let database = try TemporaryDatabase.current
        let directory = database.cluster.socketDirectory
        let refused = try ConnectionConfiguration(
            "host=\(directory),/nonexistent port=\(database.cluster.port) dbname=missing user=postgres"
        )
        let error = await #expect(throws: PostgresError.self) { try await Connection.open(refused, logger: .test) }
        #expect(error?.sqlState == .invalidCatalogName)
        #expect(error?.message.contains("nonexistent") == false)
        let unreachable = try ConnectionConfiguration("host=/nonexistent,/nowhere dbname=d user=u")
        let both = await #expect(throws: PostgresError.self) { try await Connection.open(unreachable, logger: .test) }
        #expect(both?.kind == .connectionRefused)
        #expect(both?.message.contains("/nonexistent") == true)
        #expect(both?.message.contains("/nowhere") == true)
    }

    @Test("of a standby's list finds the primary when it must be writable")
    func readWrite() async throws {
        let primary = try await TestServer.makeCluster()
        let standby = try await primary.makeStandby()
        let list = "host=\(standby.socketDirectory),\(primary.socketDirectory) port=5432 dbname=postgres user=postgres"
        let writable = try await Connection.open(
            ConnectionConfiguration(list + " target_session_attrs=read-write"),
            logger: .test
        )
        #expect(try await writable.text("SELECT pg_is_in_recovery()") == "f")
        let reversed =
            "host=\(primary.socketDirectory),\(standby.socketDirectory) port=5432 dbname=postgres user=postgres"
        let preferred = try await Connection.open(
            ConnectionConfiguration(reversed + " target_session_attrs=prefer-standby"),
            logger: .test
        )
        #expect(try await preferred.text("SELECT pg_is_in_recovery()") == "t")
        await standby.remove()
        await primary.remove()
    }
}
