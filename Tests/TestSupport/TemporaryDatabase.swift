// SPDX-License-Identifier: Apache-2.0
// Part of partition-cli. See LICENSE and CONTRIBUTING.md.

package import LibPQ
package import LocalPostgres
package import Logging
package import Testing

/// A database of its own for one test case, by the trait ``Testing/Trait/temporaryDatabase``.
package struct TemporaryDatabase: Sendable {
    package let name: String
    package let cluster: Cluster

    @TaskLocal private static var bound: TemporaryDatabase?

    /// The database of the running test case.
    ///
    /// - Throws: when the test doesn't have the trait.
    package static var current: TemporaryDatabase {
        get throws {
            guard let bound else { throw MissingTrait() }
            return bound
        }
    }

    package func conninfo(user: String = "postgres") -> String {
        cluster.conninfo(database: name, user: user)
    }

    package func configuration(
        applicationName: String = "test",
        user: String = "postgres"
    ) throws -> ConnectionConfiguration {
        var configuration = try ConnectionConfiguration(conninfo(user: user))
        configuration.applicationName = applicationName
        return configuration
    }

    package func connect(
        applicationName: String = "test",
        user: String = "postgres",
        logger: Logger = .test
    ) async throws -> Connection {
        try await Connection.open(configuration(applicationName: applicationName, user: user), logger: logger)
    }

    /// A database on a server of the test's own, which goes with it.
    package static func make(on cluster: Cluster) async throws -> TemporaryDatabase {
        let name = "test_\(UInt64.random(in: .min ... .max))"
        try await administer(cluster, "CREATE DATABASE \(identifier: name) TEMPLATE template0")
        return TemporaryDatabase(name: name, cluster: cluster)
    }

    /// One that is there already, on a standby for example.
    package static func existing(_ name: String, on cluster: Cluster) -> TemporaryDatabase {
        TemporaryDatabase(name: name, cluster: cluster)
    }

    fileprivate static func provide(to function: @concurrent @Sendable () async throws -> Void) async throws {
        let cluster = try await TestServer.shared.cluster()
        let name = "test_\(UInt64.random(in: .min ... .max))"
        // template0: nobody can be connected to it, which CREATE DATABASE would refuse.
        try await administer(cluster, "CREATE DATABASE \(identifier: name) TEMPLATE template0")
        do {
            try await $bound.withValue(TemporaryDatabase(name: name, cluster: cluster), operation: function)
        } catch {
            try await administer(cluster, "DROP DATABASE \(identifier: name) WITH (FORCE)")
            throw error
        }
        try await administer(cluster, "DROP DATABASE \(identifier: name) WITH (FORCE)")
    }

    private static func administer(_ cluster: Cluster, _ statement: Statement) async throws {
        let configuration = try ConnectionConfiguration(cluster.conninfo(database: "postgres"))
        let connection = try await Connection.open(configuration, logger: .test)
        _ = try await connection.query(statement)
        await connection.close()
    }

    private struct MissingTrait: Error, CustomStringConvertible {
        var description: String { "the test needs the trait .temporaryDatabase" }
    }
}

/// Gives each test case a database of its own. On a suite: each test case of the suite.
package struct TemporaryDatabaseTrait: TestTrait, SuiteTrait, TestScoping {
    package var isRecursive: Bool { true }

    package func provideScope(
        for test: Test,
        testCase: Test.Case?,
        performing function: @concurrent @Sendable () async throws -> Void
    ) async throws {
        try await TemporaryDatabase.provide(to: function)
    }
}

extension Trait where Self == TemporaryDatabaseTrait {
    package static var temporaryDatabase: Self { TemporaryDatabaseTrait() }
}

extension Logger {
    /// Says nothing.
    package static var test: Logger { Logger(label: "test") { _ in SwiftLogNoOpLogHandler() } }
}
