// SPDX-License-Identifier: Apache-2.0
// Part of partition-cli. See LICENSE and CONTRIBUTING.md.

package import LocalPostgres

#if canImport(Darwin)
    import Darwin
#else
    import Glibc
#endif

/// A PgBouncer of a test's own, before a cluster, on a Unix socket in a temporary directory.
///
/// As with ``RedisServer``, a shell ends it when this process dies in whatever way.
package final class PgBouncer: Sendable {
    /// `pool_mode`.
    package enum Mode: String, Sendable, CaseIterable {
        case session, transaction, statement
    }

    private static let port = 6432
    private let directory: String
    private let keeper: ServerKeeper

    /// Starts one and waits until it takes connections.
    ///
    /// - Parameters:
    ///   - poolSize: how many server connections it makes for a user and database.
    ///   - takesTurns: `server_round_robin`: each transaction on another of them, rather than on the one used last.
    package static func start(
        before cluster: Cluster,
        mode: Mode,
        poolSize: Int = 5,
        takesTurns: Bool = false
    ) async throws -> PgBouncer {
        let bouncer = try PgBouncer(cluster, mode, poolSize, takesTurns: takesTurns)
        do {
            try await eventually(within: .seconds(20), "PgBouncer takes connections") {
                let log = ServerKeeper.read("\(bouncer.directory)/log")
                if bouncer.keeper.hasEnded {
                    throw ServerError("PgBouncer ended: \(log)\(ServerKeeper.read("\(bouncer.directory)/out"))")
                }
                return log.contains("process up")
            }
        } catch {
            bouncer.stop()
            throw error
        }
        bouncer.keeper.register()
        return bouncer
    }

    private init(_ cluster: Cluster, _ mode: Mode, _ poolSize: Int, takesTurns: Bool) throws {
        directory = try ServerKeeper.makeDirectory()
        try ServerKeeper.write("\"postgres\" \"\"\n", to: "\(directory)/users")
        try ServerKeeper.write(
            """
            [databases]
            * = host=\(cluster.socketDirectory) port=\(cluster.port)
            [pgbouncer]
            listen_addr =
            listen_port = \(Self.port)
            unix_socket_dir = \(directory)
            auth_type = trust
            auth_file = \(directory)/users
            logfile = \(directory)/log
            pool_mode = \(mode.rawValue)
            default_pool_size = \(poolSize)
            server_round_robin = \(takesTurns ? 1 : 0)

            """,
            to: "\(directory)/pgbouncer.ini"
        )
        // PATH of an ordinary user may lack sbin, where Debian puts it.
        let program = access("/usr/sbin/pgbouncer", X_OK) == 0 ? "/usr/sbin/pgbouncer" : "pgbouncer"
        keeper = try ServerKeeper(
            directory: directory,
            name: "pgbouncer",
            command: try Self.launcher(owning: directory) + [program, "\(directory)/pgbouncer.ini"]
        )
    }

    /// Ends it and removes its directory. To be called once.
    package func stop() { keeper.finish(keepingDirectory: false) }

    /// A URI that leads through it.
    package func url(database: String) -> String {
        "postgresql://postgres@/\(database)?host=\(directory)&port=\(Self.port)"
    }

    /// PgBouncer refuses to run as root; it needs the cluster's user, to whom alone the server's socket is open.
    private static func launcher(owning directory: String) throws -> [String] {
        guard geteuid() == 0 else { return [] }
        guard let user = getpwnam("postgres") ?? getpwnam("nobody") else {
            throw ServerError("there is neither a user postgres nor nobody to run PgBouncer")
        }
        let (id, group) = (user.pointee.pw_uid, user.pointee.pw_gid)
        guard chown(directory, id, group) == 0 else { throw ServerError("\(directory) can't be given away") }
        return ["setpriv", "--reuid=\(id)", "--regid=\(group)", "--clear-groups", "--"]
    }
}
