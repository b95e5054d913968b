// SPDX-License-Identifier: Apache-2.0
// Part of partition-cli. See LICENSE and CONTRIBUTING.md.

import NIOCore
import NIOPosix
import NIOSSL
import PartitionRouter
import RegistryNetwork

/// One connection to one Redis server.
struct RedisConnection: Sendable {
    let channel: any Channel
    /// Fails with what ended the connection, which a command that comes too late can't tell.
    private let ended: EventLoopFuture<Void>
    private let timeout: Duration
    /// Found out by the greeting.
    var speaksRESP3 = false

    /// Connects, without speaking yet.
    ///
    /// - Parameter messages: Where the channels of published messages go, for a connection that subscribes.
    static func open(
        _ endpoint: RegistryEndpoint,
        tls: NIOSSLContext?,
        timeout: Duration,
        group: any EventLoopGroup,
        messages: AsyncStream<String>.Continuation?
    ) async throws(RegistryError) -> RedisConnection {
        let isAddress = (try? SocketAddress(ipAddress: endpoint.host, port: endpoint.port)) != nil
        let loop = group.next()
        let ended = loop.makePromise(of: Void.self)
        let bootstrap = ClientBootstrap(group: loop)
            .connectTimeout(TimeAmount(timeout))
            .channelOption(.socketOption(.so_keepalive), value: 1)
            .channelInitializer { channel in
                channel.eventLoop.makeCompletedFuture {
                    let pipeline = channel.pipeline.syncOperations
                    if let tls {
                        // Without a name the certificate must be good for the address itself.
                        try pipeline.addHandler(
                            NIOSSLClientHandler(context: tls, serverHostname: isAddress ? nil : endpoint.host)
                        )
                    }
                    try pipeline.addHandler(
                        ByteToMessageHandler(RESPDecoder(), maximumBufferSize: RESPDecoder.maximumBulk + (1 << 20))
                    )
                    try pipeline.addHandler(RedisChannelHandler(messages: messages, ended: ended))
                }
            }
        do {
            let channel = try await bootstrap.connect(host: endpoint.host, port: endpoint.port).get()
            return RedisConnection(channel, ended: ended.futureResult, timeout: timeout)
        } catch {
            messages?.finish()
            ended.fail(error)
            throw RegistryError(connecting: endpoint, error)
        }
    }

    private init(_ channel: any Channel, ended: EventLoopFuture<Void>, timeout: Duration) {
        self.channel = channel
        self.ended = ended
        self.timeout = timeout
    }

    var isOpen: Bool { channel.isActive }

    /// Sends a command and waits for its reply. An error reply is returned, not thrown.
    ///
    /// - Throws: ``RegistryError``: unreachable when no reply came in time or the connection broke, cancelled when the
    ///   task was. The connection is closed then, since a late reply would be taken for the next command's.
    func send(_ command: RedisCommand, within limit: Duration? = nil) async throws(RegistryError) -> RESPValue {
        let reply = channel.eventLoop.makePromise(of: RESPValue.self)
        let timer = channel.eventLoop.scheduleTask(in: TimeAmount(limit ?? timeout)) { [channel] in
            reply.fail(RedisTimeout())
            channel.close(promise: nil)
        }
        // On the event loop, where the timer would fire: the task that waits may be scheduled much later, and meanwhile
        // the timer would close a healthy connection.
        reply.futureResult.whenComplete { _ in timer.cancel() }
        do {
            return try await withTaskCancellationHandler {
                channel.writeAndFlush(RedisRequest(command: command, reply: reply)).cascadeFailure(to: reply)
                return try await reply.futureResult.get()
            } onCancel: {
                channel.close(promise: nil)
            }
        } catch {
            if Task.isCancelled { throw RegistryError(.cancelled, "cancelled while waiting for Redis") }
            guard error is ChannelError else { throw RegistryError(talking: error) }
            // The channel is closed, so this ends at once; TLS' reason, say, came before the command.
            do {
                try await ended.get()
            } catch let first {
                throw RegistryError(talking: first)
            }
            throw RegistryError(talking: error)
        }
    }

    func close() { channel.close(promise: nil) }
}

/// No reply in time.
struct RedisTimeout: Error {}
