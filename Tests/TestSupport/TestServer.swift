// SPDX-License-Identifier: Apache-2.0
// Part of partition-cli. See LICENSE and CONTRIBUTING.md.

package import LocalPostgres

/// The PostgreSQL server that the tests of this process share, and private ones for tests that hurt their server.
///
/// The programs are those of `PARTITION_CLI_PG_BIN` if set, else the first found. Where `PARTITION_CLI_TEST_STATE` names a
/// directory, the pid of every running server is kept there.
package actor TestServer {
    package static let shared = TestServer()

    private var starting: Task<Cluster, any Error>?

    /// The shared server; the first call starts it, and it ends with the process.
    package func cluster() async throws -> Cluster {
        let task = starting ?? Task { try await Self.makeCluster(settings: ["max_connections": "300"]) }
        starting = task
        return try await task.value
    }

    /// A server of its own. Call ``LocalPostgres/Cluster/remove()`` at the end; if not, it ends with the value.
    package static func makeCluster(
        settings: [String: String] = [:],
        listenTCP: Bool = false
    ) async throws -> Cluster {
        let state = ProcessEnvironment.current["PARTITION_CLI_TEST_STATE"].flatMap { $0.isEmpty ? nil : $0 }
        return try await Cluster.start(
            try installation,
            settings: settings,
            listenTCP: listenTCP,
            pidDirectory: state
        )
    }

    /// The installation that the tests run against.
    package static var installation: PostgresInstallation {
        get throws {
            guard let first = PostgresInstallation.find().first else { throw NoServer() }
            // A wrong path must not mean "some other version".
            if let directory = ProcessEnvironment.current["PARTITION_CLI_PG_BIN"], !directory.isEmpty,
                PostgresInstallation(binDirectory: directory) != first
            {
                throw NoServer()
            }
            return first
        }
    }

    private struct NoServer: Error, CustomStringConvertible {
        var description: String {
            "no PostgreSQL server programs: run `make setup`, or set PARTITION_CLI_PG_BIN to a directory with initdb and postgres"
        }
    }
}
