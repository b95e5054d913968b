// SPDX-License-Identifier: Apache-2.0
// Part of partition-cli. See LICENSE and CONTRIBUTING.md.

public import Logging
import NIOCore
import NIOPosix
import NIOSSL
public import PartitionMap
public import PartitionRouter
import RegistryNetwork

/// Partition maps in Redis, 5 or later: ours in a hash, and beside it the sorted set that the pattern's own clients read.
///
/// Connects on first use and again after a failure. Several calls at once share one connection; their commands are
/// answered in order.
public actor RedisRegistry: Registry {
    let target: RedisTarget
    let prefix: String
    let logger: Logging.Logger
    let group: any EventLoopGroup
    let board = HintBoard()

    private var connection: RedisConnection?
    private var tlsContext: NIOSSLContext?

    /// - Parameter url: One of kind ``RegistryURL/Kind/redis(_:)``.
    /// - Throws: ``RegistryError/Code/unsupported`` for another kind.
    public init(_ url: RegistryURL, logger: Logging.Logger) throws(RegistryError) {
        guard case .redis(let target) = url.kind else {
            throw RegistryError(.unsupported, "not the URL of a Redis registry")
        }
        self.init(target, prefix: url.prefix, logger: logger)
    }

    init(_ target: RedisTarget, prefix: String, logger: Logging.Logger) {
        self.target = target
        self.prefix = prefix
        self.logger = logger
        group = MultiThreadedEventLoopGroup.singleton
    }

    /// Closes the connection. The next call opens another one.
    public func close() {
        connection?.close()
        connection = nil
    }

    public func entities() async throws(RegistryError) -> [EntityName] {
        let link = try await connected()
        var entities: Set<EntityName> = []
        var cursor = "0"
        repeat {
            let scan = RedisCommand("SCAN", cursor, "MATCH", RedisKeys.metaPattern(prefix), "COUNT", "1000")
            let reply = try await ask(link, scan).elements ?? []
            guard reply.count == 2, let next = reply[0].text, let keys = reply[1].elements else { throw Self.oddReply }
            entities.formUnion(keys.compactMap { $0.text.flatMap { RedisKeys.entity(meta: $0, prefix: prefix) } })
            cursor = next
        } while cursor != "0"
        return entities.sorted()
    }

    public func changes(_ entity: EntityName) async -> AsyncStream<RegistryHint> { await board.listen(to: entity) }

    static var oddReply: RegistryError { RegistryError(.unreachable, "Redis answered in an unexpected form") }
}

extension RedisRegistry {
    /// A connection to a server that said just now that it is the primary. It may have become a replica since it was connected to,
    /// whose answers are old; and a publish that meets a connection which broke while idle would have an unknown outcome for nothing.
    func connected() async throws(RegistryError) -> RedisConnection {
        if let connection {
            if connection.isOpen, (try? await connection.mustBePrimary()) != nil { return connection }
            if Task.isCancelled { throw RegistryError(.cancelled, "cancelled while waiting for Redis") }
            drop(connection)
        }
        let fresh = try await connect(messages: nil)
        // Another call may have connected meanwhile.
        if let connection, connection.isOpen {
            fresh.close()
            return connection
        }
        connection = fresh
        return fresh
    }

    /// One command on that connection; an error reply is thrown, and a failure ends the connection.
    func ask(
        _ link: RedisConnection,
        _ command: RedisCommand,
        within limit: Duration? = nil
    ) async throws(RegistryError) -> RESPValue {
        do {
            return try await link.send(command, within: limit).orThrow()
        } catch {
            // A server that became a replica, or is loading, may have left the primary's role to another endpoint.
            if error.code != .corrupt, error.code != .refused { drop(link) }
            throw error
        }
    }

    private func drop(_ link: RedisConnection) {
        link.close()
        if connection?.channel === link.channel { connection = nil }
    }

    /// The first endpoint that is a primary and lets us in.
    func connect(messages: AsyncStream<String>.Continuation?) async throws(RegistryError) -> RedisConnection {
        let tls = try tls()
        let password = try Secret.current(target.password, file: target.passwordFile)
        var failure = RegistryError(.unreachable, "the registry URL names no endpoint")
        for endpoint in target.endpoints {
            do throws(RegistryError) {
                var link = try await RedisConnection.open(
                    endpoint,
                    tls: tls,
                    timeout: target.timeout,
                    group: group,
                    messages: messages
                )
                do throws(RegistryError) {
                    try await link.greet(target, password: password)
                    return link
                } catch {
                    link.close()
                    throw explained(error)
                }
            } catch {
                // A refusal says more than that another endpoint is away.
                if failure.code != .refused { failure = error }
                if error.code == .cancelled { throw error }
            }
        }
        throw failure
    }

    /// A server that misses our certificate may end the connection before its reason reaches us.
    private func explained(_ error: RegistryError) -> RegistryError {
        guard error.code == .unreachable, error.hint == nil, let tls = target.tls, tls.certificate == nil else {
            return error
        }
        return RegistryError(
            .unreachable,
            error.message,
            hint: "does the server ask for a client certificate? Then cert= and key="
        )
    }

    private func tls() throws(RegistryError) -> NIOSSLContext? {
        guard let files = target.tls else { return nil }
        if let tlsContext { return tlsContext }
        guard let context = try? NIOSSLContext(configuration: try .client(files)) else { throw .unreadableTLSFiles }
        tlsContext = context
        return context
    }
}
