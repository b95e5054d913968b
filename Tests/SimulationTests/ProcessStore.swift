// SPDX-License-Identifier: Apache-2.0
// Part of partition-cli. See LICENSE and CONTRIBUTING.md.

import Foundation
import PartitionRegistryHTTP
import PartitionRegistryRedis
import PartitionRouter
import TestSupport

/// A real store, and what is done to it.
protocol ProcessStore: Sendable {
    var url: String { get }
    /// For one of the routers that are cut off: `cut` and `stopped`.
    func url(for router: String) -> String
    func registry() throws -> any Registry
    /// Lets both of them in.
    func allow() async throws
    func cut(_ router: String) async throws
    func save() async throws
    func flush() async throws
    func kill() async
    /// After a kill, with what it had when it was saved.
    func startFromSaved() async throws
    func stop() async
}

enum ProcessStores: CaseIterable {
    case redis, etcd, consul

    func start() async throws -> any ProcessStore {
        switch self {
        case .redis: RedisProcessStore(server: try await RedisServer.start())
        case .etcd: try await HTTPProcessStore(.etcd)
        case .consul: try await HTTPProcessStore(.consul)
        }
    }
}

/// A router is cut off by the removal of its user, which a restart forgets, too.
private struct RedisProcessStore: ProcessStore {
    let server: RedisServer
    private var dump: String { "\(server.directory)/dump.rdb" }

    init(server: RedisServer) {
        self.server = server
    }

    var url: String { "redis://127.0.0.1:\(server.port)?timeout=1" }

    func url(for router: String) -> String { "redis://\(router):secret@127.0.0.1:\(server.port)?timeout=1" }

    func registry() throws -> any Registry { try RedisRegistry(try RegistryURL(parsing: url), logger: .test) }

    func allow() async throws {
        for router in ["cut", "stopped"] {
            _ = try await server.command("ACL", "SETUSER", router, "on", ">secret", "~*", "&*", "+@all")
        }
    }

    func cut(_ router: String) async throws { _ = try await server.command("ACL", "DELUSER", router) }

    func save() async throws {
        guard try await server.command("SAVE") == "OK" else { throw CocoaError(.fileWriteUnknown) }
        _ = try await RedisServer.run(["cp", dump, "\(dump).saved"])
    }

    func flush() async throws { _ = try await server.command("FLUSHALL") }

    func kill() async { await server.kill() }

    func startFromSaved() async throws {
        _ = try await RedisServer.run(["cp", "\(dump).saved", dump])
        try await server.start()
    }

    func stop() async { await server.stop() }
}

/// A router is cut off by a network that takes everything and passes nothing on.
private struct HTTPProcessStore: ProcessStore {
    private let server: StoreServer
    private let proxies: [String: TCPProxy]

    init(_ program: StoreServer.Program) async throws {
        server = try await StoreServer.start(program)
        var proxies: [String: TCPProxy] = [:]
        for router in ["cut", "stopped"] {
            proxies[router] = try await TCPProxy.start(before: server.port, hanging: .onDemand)
        }
        self.proxies = proxies
    }

    var url: String { "\(server.program)://127.0.0.1:\(server.port)?timeout=1" }

    func url(for router: String) -> String {
        "\(server.program)://127.0.0.1:\(proxies[router]?.port ?? 0)?timeout=1"
    }

    func registry() throws -> any Registry { try HTTPRegistry(try RegistryURL(parsing: url), logger: .test) }

    func allow() { for proxy in proxies.values { proxy.goOn() } }
    func cut(_ router: String) { proxies[router]?.hang() }
    func save() async throws { try await server.save() }
    func flush() async throws { try await server.flush() }
    func kill() async { await server.kill() }
    func startFromSaved() async throws { try await server.startFromSaved() }

    func stop() async {
        for proxy in proxies.values { proxy.stop() }
        await server.stop()
    }
}
