// SPDX-License-Identifier: Apache-2.0
// Part of partition-cli. See LICENSE and CONTRIBUTING.md.

import LocalPostgres

/// An etcd or Consul server of a test's own, on a free port of 127.0.0.1, in a temporary directory. Of several etcd servers one cluster can be made.
///
/// As with ``RedisServer``, a shell ends it when this process dies in whatever way.
package actor StoreServer: KeptServer {
    package enum Program: String, Sendable {
        case etcd, consul
    }

    /// What the server is started with.
    package struct Options: Sendable {
        /// TLS instead of plain TCP, with certificates made for this server.
        package var usesTLS = false
        /// With TLS: clients need a certificate of the same authority.
        package var demandsClientCertificate = false
        /// Where clients may connect.
        package var addresses = ["127.0.0.1"]
        /// Consul: the token that may do everything; without it nobody may anything.
        package var token: String?
        /// etcd: the quota of its file in bytes.
        package var quota: Int?

        package init() {}
    }

    /// One member of an etcd cluster.
    struct Member {
        var name = "default"
        var peerPort: Int
        /// Of all members, this one too: `name=url`, with commas between them.
        var cluster: String
    }

    package nonisolated let program: Program
    package nonisolated let port: Int
    package nonisolated let directory: String
    nonisolated let options: Options
    private let member: Member
    /// Consul's, for what its servers tell each other.
    private let innerPorts: [Int]
    package var keeper: ServerKeeper?

    /// Starts a server and waits until it takes writes.
    package static func start(_ program: Program, _ options: Options = Options()) async throws -> StoreServer {
        let directory = try ServerKeeper.makeDirectory()
        if options.usesTLS { try await RedisServer.makeCertificates(in: directory) }
        // Somebody else may take a port between our asking and the server's.
        var failure: any Error = ServerError("no \(program) server could be started: run `make setup`")
        for _ in 0..<5 {
            let peer = try ServerKeeper.freePort()
            let member = Member(peerPort: peer, cluster: "default=http://127.0.0.1:\(peer)")
            let server = try StoreServer(program, directory, options, member)
            do {
                try await server.start()
                return server
            } catch {
                failure = error
                await server.stop(keepingDirectory: true)
                _ = try await ServerKeeper.run(["rm", "-rf", "\(directory)/data"])
            }
        }
        throw failure
    }

    /// A cluster of etcd servers, once it takes writes.
    package static func startCluster(of size: Int) async throws -> [StoreServer] {
        let ports = try (0..<size).map { _ in try ServerKeeper.freePort() }
        let cluster = ports.enumerated().map { "member\($0)=http://127.0.0.1:\($1)" }.joined(separator: ",")
        var servers: [StoreServer] = []
        for (number, port) in ports.enumerated() {
            let member = Member(name: "member\(number)", peerPort: port, cluster: cluster)
            servers.append(try StoreServer(.etcd, try ServerKeeper.makeDirectory(), Options(), member))
        }
        for server in servers { try await server.launch() }
        for server in servers { try await server.waitUntilReady() }
        return servers
    }

    init(_ program: Program, _ directory: String, _ options: Options, _ member: Member) throws {
        self.program = program
        self.directory = directory
        self.options = options
        self.member = member
        port = try ServerKeeper.freePort()
        innerPorts = try (0..<3).map { _ in try ServerKeeper.freePort() }
    }

    deinit {
        // Closing the pipe is enough: the shell does the rest.
        keeper?.closePipe()
    }

    /// Starts the server again after ``kill()``, on the same port, with what it had persisted.
    package func start() async throws {
        try launch()
        try await waitUntilReady()
    }

    /// The same without waiting: the member of a cluster answers only when there are enough of them.
    package func launch() throws {
        if program == .consul { try ServerKeeper.write(try settings, to: "\(directory)/settings.json") }
        let keeper = try ServerKeeper(directory: directory, name: program.rawValue, command: command)
        self.keeper = keeper
    }

    package func waitUntilReady() async throws {
        let keeper = try running
        try await eventually(within: .seconds(60), "\(program) takes writes") {
            if keeper.serverPID != nil, keeper.hasEnded {
                throw ServerError("\(program) ended: \(ServerKeeper.read("\(directory)/out").suffix(2000))")
            }
            return await isReady
        }
        keeper.register()
    }

    private var isReady: Bool {
        get async {
            switch program {
            case .etcd: (try? await ask("GET", "/health"))?.body.contains("true") == true
            // Once it has a leader a key can be written.
            case .consul: (try? await ask("PUT", "/v1/kv/ready", "x"))?.body == "true"
            }
        }
    }
}

extension StoreServer {
    private var command: [String] {
        switch program {
        case .etcd:
            let scheme = options.usesTLS ? "https" : "http"
            let places = options.addresses.map { "\(scheme)://\($0):\(port)" }
            let peer = "http://127.0.0.1:\(member.peerPort)"
            var command = [
                "etcd", "--name", member.name, "--data-dir", "\(directory)/data",
                "--listen-client-urls", places.joined(separator: ","), "--advertise-client-urls", places[0],
                "--listen-peer-urls", peer, "--initial-advertise-peer-urls", peer, "--initial-cluster", member.cluster,
                "--initial-cluster-state", "new",
            ]
            if let quota = options.quota { command += ["--quota-backend-bytes", String(quota)] }
            if options.usesTLS {
                command += ["--cert-file", "\(directory)/server.crt", "--key-file", "\(directory)/server.key"]
                command += ["--trusted-ca-file", "\(directory)/ca.crt"]
                if options.demandsClientCertificate { command.append("--client-cert-auth") }
            }
            return command
        case .consul:
            let program = ProcessEnvironment.current["PARTITION_CLI_CONSUL"].flatMap { $0.isEmpty ? nil : $0 }
            return [
                program ?? "consul", "agent", "-server", "-bootstrap-expect=1", "-bind=127.0.0.1",
                "-client=\(options.addresses.joined(separator: " "))", "-data-dir=\(directory)/data",
                "-config-file=\(directory)/settings.json", "-log-level=warn",
            ]
        }
    }

    /// Consul's.
    private var settings: String {
        get throws {
            let http = options.usesTLS ? -1 : port
            let https = options.usesTLS ? port : -1
            var members = [
                """
                "ports": {"http": \(http), "https": \(https), "server": \(innerPorts[0]), "serf_lan": \(innerPorts[1]), \
                "serf_wan": \(innerPorts[2]), "dns": -1, "grpc": -1}
                """,
                #""performance": {"raft_multiplier": 1}"#,
            ]
            if options.usesTLS {
                members += [
                    #""cert_file": "\#(directory)/server.crt""#, #""key_file": "\#(directory)/server.key""#,
                    #""ca_file": "\#(directory)/ca.crt""#,
                    #""verify_incoming_https": \#(options.demandsClientCertificate)"#,
                ]
            }
            if let token = options.token {
                members.append(
                    #""acl": {"enabled": true, "default_policy": "deny", "tokens": {"master": "\#(token)"}}"#
                )
            }
            return "{\(members.joined(separator: ", "))}"
        }
    }
}
