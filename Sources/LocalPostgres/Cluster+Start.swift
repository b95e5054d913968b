// SPDX-License-Identifier: Apache-2.0
// Part of partition-cli. See LICENSE and CONTRIBUTING.md.

extension Cluster {
    /// What every cluster gets unless its own settings say otherwise.
    private static let defaultSettings = [
        "fsync": "off",
        "lc_messages": "C",
        "log_line_prefix": "%m [%p] %q[user=%u,db=%d,app=%a] ",
        "log_timezone": "UTC",
        "shared_buffers": "64MB",
        "timezone": "UTC",
    ]

    /// Makes a cluster and starts it. The superuser is `postgres`. As root, the server runs as the system's user `postgres`
    /// or `nobody`, who has to be able to read the installation.
    ///
    /// - Parameters:
    ///   - settings: for `postgresql.conf`, over the defaults.
    ///   - listenTCP: also listen on 127.0.0.1, on a port that was free.
    ///   - parent: an existing directory to make the cluster's own in; nil for the temporary directory.
    ///   - pidDirectory: an existing directory where a file `postgres-<pid>.pid` is kept while the server runs.
    package static func start(
        _ installation: PostgresInstallation,
        settings: [String: String] = [:],
        listenTCP: Bool = false,
        in parent: String? = nil,
        pidDirectory: String? = nil
    ) async throws -> Cluster {
        let user = try ServerUser.current()
        let directory = try ClusterDirectory.make(in: parent, owner: user)
        let port = listenTCP ? try FreePort.find() : 5432
        // Made before there is anything to leave behind: its end removes the directory.
        let cluster = try Cluster(
            installation,
            port: port,
            directory: directory,
            user: user,
            pidDirectory: pidDirectory
        )
        let initdb = [
            installation.program("initdb"), "--pgdata", directory.data, "--username", "postgres", "--encoding", "UTF8",
            "--locale", "C", "--auth-local", "trust", "--auth-host", "scram-sha-256", "--no-sync", "--no-instructions",
        ]
        try await user.command(initdb).run()
        try directory.append(
            defaultSettings
                .merging(location(port: port, listenTCP: listenTCP, directory)) { _, new in new }
                .merging(settings) { _, new in new }
        )
        try await cluster.launch()
        return cluster
    }

    /// A hot standby of this cluster, by `pg_basebackup` and streaming.
    ///
    /// - Parameter name: its `application_name` as the primary sees it, for `synchronous_standby_names`.
    package func makeStandby(name: String = "standby", settings: [String: String] = [:]) async throws -> Cluster {
        let standby = try await makeCopy()
        let primary = conninfo(database: "postgres", user: "postgres") + " application_name=\(name)"
        try await standby.prepare(["primary_conninfo": primary].merging(settings) { _, new in new }, signal: "standby")
        try await standby.launch()
        return standby
    }

    /// A copy of this cluster by `pg_basebackup`, as it is now; ``launch()`` starts it as a cluster of its own.
    package func makeCopy() async throws -> Cluster {
        let directory = try ClusterDirectory.make(in: nil, owner: user)
        let copy = try Cluster(installation, port: 5432, directory: directory, user: user, pidDirectory: pidDirectory)
        let backup = [
            installation.program("pg_basebackup"), "--pgdata", directory.data, "--wal-method", "stream",
            "--checkpoint", "fast", "--no-sync", "--dbname", conninfo(database: "postgres", user: "postgres"),
        ]
        try await user.command(backup).run()
        try directory.append(Self.location(port: 5432, listenTCP: false, directory))
        return copy
    }

    /// What a copy is to do when it is launched first.
    ///
    /// - Parameter signal: `standby` or `recovery` (PostgreSQL documentation, "Archive Recovery").
    package func prepare(_ settings: [String: String], signal: String) async throws {
        try directory.append(settings)
        try await user.command(["/usr/bin/env", "touch", "\(directory.data)/\(signal).signal"]).run()
    }

    private static func location(port: Int, listenTCP: Bool, _ directory: ClusterDirectory) -> [String: String] {
        [
            "listen_addresses": listenTCP ? "127.0.0.1" : "",
            "port": "\(port)",
            "unix_socket_directories": directory.socket,
        ]
    }

    /// A connection string for the Unix socket, as key=value pairs.
    package nonisolated func conninfo(database: String = "postgres", user: String = "postgres") -> String {
        "host=\(Self.quoted(socketDirectory)) port=\(port) dbname=\(Self.quoted(database)) user=\(Self.quoted(user))"
    }

    /// PostgreSQL documentation, "Keyword/Value Connection Strings".
    private static func quoted(_ value: String) -> String {
        var text = "'"
        for scalar in value.unicodeScalars {
            if scalar == "'" || scalar == "\\" { text.unicodeScalars.append("\\") }
            text.unicodeScalars.append(scalar)
        }
        return text + "'"
    }
}
