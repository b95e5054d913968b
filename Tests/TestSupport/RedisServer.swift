// SPDX-License-Identifier: Apache-2.0
// Part of partition-cli. See LICENSE and CONTRIBUTING.md.

/// A Redis server of a test's own, on a free port of 127.0.0.1, in a temporary directory.
///
/// A shell stands between us and the server: when our end of its pipe closes, by ``stop()`` or by our death, it ends the
/// server and removes the directory. So not even `kill -9` leaves a server behind.
package actor RedisServer: KeptServer {
    /// What the server is started with.
    package struct Options: Sendable {
        /// `requirepass`.
        package var password: String?
        /// `user …` lines of the configuration.
        package var users: [String] = []
        /// TLS instead of plain TCP, with certificates made for this server.
        package var usesTLS = false
        /// With TLS: clients need a certificate of the same authority.
        package var demandsClientCertificate = false
        /// Where it listens.
        package var addresses = ["127.0.0.1"]
        /// Writes survive a kill.
        package var isPersistent = false
        /// The port of the server to be a replica of.
        package var primaryPort: Int?
        /// Other lines of the configuration.
        package var settings: [String] = []

        package init() {}
    }

    package nonisolated let port: Int
    package nonisolated let directory: String
    nonisolated let options: Options
    package var keeper: ServerKeeper?

    /// Starts a server and waits until it takes connections.
    package static func start(_ options: Options = Options()) async throws -> RedisServer {
        let directory = try ServerKeeper.makeDirectory()
        if options.usesTLS { try await makeCertificates(in: directory) }
        // Somebody else may take the port between our asking and the server's.
        for _ in 0..<5 {
            let server = RedisServer(port: try ServerKeeper.freePort(), directory: directory, options: options)
            if (try? await server.start()) != nil { return server }
            await server.stop(keepingDirectory: true)
        }
        throw ServerError("no Redis server could be started: run `make setup`; see \(directory)/log")
    }

    private init(port: Int, directory: String, options: Options) {
        self.port = port
        self.directory = directory
        self.options = options
    }

    deinit {
        // Closing the pipe is enough: the shell does the rest.
        keeper?.closePipe()
    }

    /// Starts the server again after ``kill()``, on the same port, with what it had persisted.
    package func start() async throws {
        try ServerKeeper.write(configuration, to: "\(directory)/redis.conf")
        try ServerKeeper.write("", to: "\(directory)/log")
        let keeper = try ServerKeeper(
            directory: directory,
            name: "redis",
            command: ["redis-server", "\(directory)/redis.conf"]
        )
        self.keeper = keeper
        try await eventually(within: .seconds(20), "Redis takes connections") {
            if keeper.hasEnded {
                throw ServerError("the Redis server ended: \(ServerKeeper.read("\(directory)/log"))")
            }
            return ServerKeeper.read("\(directory)/log").contains("Ready to accept connections")
        }
        keeper.register()
    }

    private var configuration: String {
        var lines = [
            "bind \(options.addresses.joined(separator: " "))", "dir \(directory)", "logfile \(directory)/log",
            "save \"\"", "daemonize no",
            options.usesTLS ? "port 0" : "port \(port)",
        ]
        if options.usesTLS {
            lines += [
                "tls-port \(port)", "tls-cert-file \(directory)/server.crt", "tls-key-file \(directory)/server.key",
                "tls-ca-cert-file \(directory)/ca.crt",
                "tls-auth-clients \(options.demandsClientCertificate ? "yes" : "no")",
            ]
        }
        if options.isPersistent { lines += ["appendonly yes", "appendfsync always"] }
        if let password = options.password { lines.append("requirepass \(password)") }
        if let port = options.primaryPort { lines.append("replicaof 127.0.0.1 \(port)") }
        return (lines + options.users + options.settings).joined(separator: "\n") + "\n"
    }
}

package struct ServerError: Error, CustomStringConvertible {
    package let description: String

    init(_ description: String) {
        self.description = description
    }
}
