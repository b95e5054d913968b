// SPDX-License-Identifier: Apache-2.0
// Part of partition-cli. See LICENSE and CONTRIBUTING.md.

package import LocalPostgres
import NIOCore
import NIOPosix
import Synchronization

/// Stands between a client and a server, on a free port of 127.0.0.1, and can stop passing on what is sent.
///
/// From then on it takes everything, new connections too, and answers nothing: the kernels on both sides see healthy connections, as behind a firewall
/// or balancer that has lost its way. Ends with ``stop()``.
package final class TCPProxy: Sendable {
    /// When it stops passing on.
    package enum Hang: Sendable {
        /// With ``TCPProxy/hang()``.
        case onDemand
        case atOnce
        /// With the first thing sent to the server that holds this text, which is not passed on.
        case before(String)
    }

    package let port: Int
    private let gate: Gate
    private let work: Task<Void, any Error>

    /// Whether it has stopped passing on.
    package var isHung: Bool { gate.isClosed.load(ordering: .acquiring) }

    /// Starts one before a PostgreSQL server.
    package static func start(before cluster: Cluster, hanging hang: Hang) async throws -> TCPProxy {
        let path = "\(cluster.socketDirectory)/.s.PGSQL.\(cluster.port)"
        return try await start(hang) { group in
            try await ClientBootstrap(group: group).connect(unixDomainSocketPath: path, channelInitializer: wrapped)
        }
    }

    /// Starts one before a server on a port of 127.0.0.1.
    package static func start(before port: Int, hanging hang: Hang) async throws -> TCPProxy {
        try await start(hang) { group in
            try await ClientBootstrap(group: group).connect(host: "127.0.0.1", port: port, channelInitializer: wrapped)
        }
    }

    private typealias Stream = NIOAsyncChannel<ByteBuffer, ByteBuffer>
    private typealias Dial = @Sendable (any EventLoopGroup) async throws -> Stream

    private static func start(_ hang: Hang, _ dial: @escaping Dial) async throws -> TCPProxy {
        let group = MultiThreadedEventLoopGroup.singleton
        let server = try await ServerBootstrap(group: group)
            .serverChannelOption(.socketOption(.so_reuseaddr), value: 1)
            .bind(host: "127.0.0.1", port: 0, childChannelInitializer: wrapped)
        guard let port = server.channel.localAddress?.port else { throw ServerError("a proxy without a port") }
        return TCPProxy(port, server, Gate(hang), dial)
    }

    private init(_ port: Int, _ server: NIOAsyncChannel<Stream, Never>, _ gate: Gate, _ dial: @escaping Dial) {
        self.port = port
        self.gate = gate
        work = Task {
            try await server.executeThenClose { clients in
                try await withThrowingDiscardingTaskGroup { group in
                    for try await client in clients {
                        // One connection's end is none of the others'.
                        group.addTask { try? await Self.relay(client, gate, dial) }
                    }
                }
            }
        }
    }

    package func hang() { gate.isClosed.store(true, ordering: .releasing) }

    /// Passes on again, for new connections. What was sent on the others meanwhile is lost: whoever has one must have given it up.
    package func goOn() { gate.isClosed.store(false, ordering: .releasing) }

    /// Ends it and every connection through it. To be called once.
    package func stop() { work.cancel() }

    @Sendable private static func wrapped(_ channel: any Channel) -> EventLoopFuture<Stream> {
        channel.eventLoop.makeCompletedFuture {
            try Stream(
                wrappingChannelSynchronously: channel,
                configuration: .init(isOutboundHalfClosureEnabled: true)
            )
        }
    }

    private static func relay(_ client: Stream, _ gate: Gate, _ dial: Dial) async throws {
        try await client.executeThenClose { sent, answers in
            if gate.isClosed.load(ordering: .acquiring) {
                for try await _ in sent {}
                return
            }
            let server = try await dial(.singletonMultiThreadedEventLoopGroup)
            try await server.executeThenClose { answered, questions in
                try await withThrowingTaskGroup { group in
                    group.addTask {
                        for try await bytes in sent where gate.passes(bytes) { try await questions.write(bytes) }
                        // Its end is not passed on either.
                        if !gate.isClosed.load(ordering: .acquiring) { questions.finish() }
                    }
                    group.addTask {
                        for try await bytes in answered where !gate.isClosed.load(ordering: .acquiring) {
                            try await answers.write(bytes)
                        }
                        if !gate.isClosed.load(ordering: .acquiring) { answers.finish() }
                    }
                    try await group.waitForAll()
                }
            }
        }
    }

    /// Of all connections together.
    private final class Gate: Sendable {
        let isClosed: Atomic<Bool>
        private let text: String?

        init(_ hang: Hang) {
            text = if case .before(let text) = hang { text } else { nil }
            let isAtOnce = if case .atOnce = hang { true } else { false }
            isClosed = Atomic(isAtOnce)
        }

        /// Statements of ours are small, and their text is sent in one piece.
        func passes(_ bytes: ByteBuffer) -> Bool {
            if let text, String(buffer: bytes).contains(text) { isClosed.store(true, ordering: .releasing) }
            return !isClosed.load(ordering: .acquiring)
        }
    }
}
