// SPDX-License-Identifier: Apache-2.0
// Part of partition-cli. See LICENSE and CONTRIBUTING.md.

import NIOCore
import NIOPosix
import NIOSSL
import Synchronization

#if canImport(FoundationEssentials)
    import FoundationEssentials
#else
    import Foundation
#endif

/// A service on a free port of 127.0.0.1 that answers every request of HTTP with bytes that a test chose, whatever they are, and keeps what it was asked.
/// Ends with ``stop()``.
package final class FixedService: Sendable {
    package let port: Int
    /// Of the authority that its certificate is of, in PEM; nil without TLS.
    package var authorityFile: String? { directory.map { "\($0)/ca.crt" } }
    private let directory: String?
    private let requests: Requests
    private let work: Task<Void, any Error>

    /// What was sent to it, as text, one for each connection, without the end of a long one.
    package var asked: [String] { requests.texts.withLock { $0 } }

    private typealias Stream = NIOAsyncChannel<ByteBuffer, ByteBuffer>

    private final class Requests: Sendable {
        let texts = Mutex<[String]>([])
    }

    /// What etcd says where there is no such key.
    package static let emptyEtcdAnswer =
        #"{"header":{"cluster_id":"1","member_id":"1","revision":"1","raft_term":"2"}}"#

    /// An answer of HTTP with this body.
    package static func answer(_ status: String = "200 OK", _ body: String) -> String {
        "HTTP/1.1 \(status)\r\nContent-Length: \(body.utf8.count)\r\nConnection: close\r\n\r\n\(body)"
    }

    /// The same answer to everything.
    package static func start(
        answering text: String,
        usesTLS: Bool = false,
        hangsUp: Bool = true
    ) async throws -> FixedService {
        try await start(usesTLS: usesTLS, hangsUp: hangsUp) { _ in text }
    }

    /// - Parameters:
    ///   - hangsUp: whether it ends the connection after its answer; where not, it says nothing more and waits for the other side.
    ///   - answer: to a request, its head and body.
    package static func start(
        usesTLS: Bool = false,
        hangsUp: Bool = true,
        _ answer: @escaping @Sendable (String) -> String
    ) async throws -> FixedService {
        var context: NIOSSLContext?
        var directory: String?
        if usesTLS {
            let made = try ServerKeeper.makeDirectory()
            try await RedisServer.makeCertificates(in: made)
            context = try NIOSSLContext(
                configuration: .makeServerConfiguration(
                    certificateChain: try NIOSSLCertificate.fromPEMFile("\(made)/server.crt").map { .certificate($0) },
                    privateKey: .privateKey(try NIOSSLPrivateKey(file: "\(made)/server.key", format: .pem))
                )
            )
            directory = made
        }
        let server = try await ServerBootstrap(group: .singletonMultiThreadedEventLoopGroup)
            .bind(host: "127.0.0.1", port: 0) { [context] channel in
                channel.eventLoop.makeCompletedFuture {
                    if let context {
                        try channel.pipeline.syncOperations.addHandler(NIOSSLServerHandler(context: context))
                    }
                    return try Stream(wrappingChannelSynchronously: channel)
                }
            }
        guard let port = server.channel.localAddress?.port else { throw ServerError("a service without a port") }
        return FixedService(port, server, answer, directory: directory, hangsUp: hangsUp)
    }

    private init(
        _ port: Int,
        _ server: NIOAsyncChannel<Stream, Never>,
        _ answer: @escaping @Sendable (String) -> String,
        directory: String?,
        hangsUp: Bool
    ) {
        self.port = port
        self.directory = directory
        let requests = Requests()
        self.requests = requests
        work = Task {
            try await server.executeThenClose { clients in
                try await withThrowingDiscardingTaskGroup { group in
                    for try await client in clients {
                        group.addTask { try? await Self.serve(client, answer, requests, hangsUp: hangsUp) }
                    }
                }
            }
        }
    }

    /// To be called once.
    package func stop() {
        work.cancel()
        if let directory { try? FileManager.default.removeItem(atPath: directory) }
    }

    private static func serve(
        _ client: Stream,
        _ answer: @Sendable (String) -> String,
        _ requests: Requests,
        hangsUp: Bool
    ) async throws {
        try await client.executeThenClose { sent, answers in
            var request = ""
            for try await bytes in sent {
                request += String(buffer: bytes)
                guard isWhole(request) else { continue }
                requests.texts.withLock { $0.append(request) }
                try await answers.write(ByteBuffer(string: answer(request)))
                if hangsUp { return }
                request = ""
            }
        }
    }

    /// Whether the head is there, and as much of a body as it announces.
    private static func isWhole(_ request: String) -> Bool {
        guard let end = request.firstRange(of: "\r\n\r\n") else { return false }
        let head = request[..<end.lowerBound].lowercased()
        let length = head.split(separator: "\r\n").first { $0.hasPrefix("content-length:") }?
            .dropFirst("content-length:".count)
        return request[end.upperBound...].utf8.count >= length.flatMap { Int($0.filter(\.isNumber)) } ?? 0
    }
}
