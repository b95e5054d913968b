// SPDX-License-Identifier: Apache-2.0
// Part of partition-cli. See LICENSE and CONTRIBUTING.md.

import Foundation
import PartitionRegistryHTTP
import PartitionRegistryRedis
import PartitionRouter
import TestSupport

/// A router that is cut off from its store, each in a way of its own.
enum SeveredRouter: String, CaseIterable {
    case cut, stopped
}

/// A real store, and what is done to it.
protocol ProcessStore: Sendable {
    var url: String { get }
    func url(of router: SeveredRouter) -> String
    func registry() throws -> any Registry
    /// Lets those routers in.
    func allow() async throws
    func sever(_ router: SeveredRouter) async throws
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
    func url(of router: SeveredRouter) -> String { "redis://\(router):secret@127.0.0.1:\(server.port)?timeout=1" }

    func registry() throws -> any Registry { try RedisRegistry(try RegistryURL(parsing: url), logger: .test) }

    func allow() async throws {
        for router in SeveredRouter.allCases {
            _ = try await server.command("ACL", "SETUSER", router.rawValue, "on", ">secret", "~*", "&*", "+@all")
        }
    }

    func sever(_ router: SeveredRouter) async throws { _ = try await server.command("ACL", "DELUSER", router.rawValue) }

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
    private let cut: TCPProxy
    private let stopped: TCPProxy

    init(_ program: StoreServer.Program) async throws {
        server = try await StoreServer.start(program)
        cut = try await TCPProxy.start(before: server.port, hanging: .onDemand)
        stopped = try await TCPProxy.start(before: server.port, hanging: .onDemand)
    }

    private func proxy(of router: SeveredRouter) -> TCPProxy {
        switch router {
        case .cut: cut
        case .stopped: stopped
        }
    }

    var url: String { "\(server.program)://127.0.0.1:\(server.port)?timeout=1" }
    func url(of router: SeveredRouter) -> String {
        "\(server.program)://127.0.0.1:\(proxy(of: router).port)?timeout=1"
    }

    func registry() throws -> any Registry { try HTTPRegistry(try RegistryURL(parsing: url), logger: .test) }

    func allow() { for router in SeveredRouter.allCases { proxy(of: router).goOn() } }
    func sever(_ router: SeveredRouter) { proxy(of: router).hang() }
    func save() async throws { try await server.save() }
    func flush() async throws { try await server.flush() }
    func kill() async { await server.kill() }
    func startFromSaved() async throws { try await server.startFromSaved() }

    func stop() async {
        cut.stop()
        stopped.stop()
        await server.stop()
    }
}
