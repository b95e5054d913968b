// SPDX-License-Identifier: Apache-2.0
// Part of partition-cli. See LICENSE and CONTRIBUTING.md.

import AsyncHTTPClient
import NIOCore
import NIOHTTP1
import NIOSSL
import PartitionRouter
import RegistryNetwork

/// Asks the endpoints of a target, beginning with the one that answered last, until one answers. Follows no redirection: it could take
/// the secrets elsewhere.
actor HTTPLink {
    /// Of an answer, in bytes; a longer one is refused.
    private static let answerLimit = 16 << 20
    /// Of a line of a stream, in bytes.
    private static let lineLimit = 4 << 20

    nonisolated let target: HTTPTarget
    /// For people, as in "Consul".
    nonisolated let store: String
    private var preferred = 0
    private var client: HTTPClient?
    /// The one before, of other files: what is being asked there is answered yet.
    private var retired: HTTPClient?
    /// Of the files that ``client`` was configured with.
    private var stamps: TLSFileStamps?

    init(_ target: HTTPTarget, store: String) {
        self.target = target
        self.store = store
    }

    deinit {
        // One that isn't shut down would end the process.
        client?.shutdown { _ in }
        retired?.shutdown { _ in }
    }

    /// Ends every connection. The next question opens another one.
    func close() async {
        let clients = [client, retired]
        (client, retired) = (nil, nil)
        // That connections were cut off is what was asked for.
        for client in clients { try? await client?.shutdown() }
    }

    /// - Parameter judge: Nil for a good answer. After one that it calls unreachable the next endpoint is asked.
    /// - Throws: ``RegistryError``: what the judge says, or that nobody answered.
    func ask(
        _ question: HTTPQuestion,
        _ addressee: Addressee = .anyone,
        judging judge: @Sendable (HTTPAnswer) -> RegistryError?
    ) async throws(RegistryError) -> HTTPAnswer {
        var failure = RegistryError(.unreachable, "the registry URL names no endpoint")
        for number in numbers(addressee) {
            let answer: HTTPAnswer
            do throws(RegistryError) {
                answer = try await exchange(question, with: number)
            } catch {
                guard error.code != .cancelled else { throw error }
                // A refusal says more than that another endpoint is away.
                if failure.code != .refused { failure = error }
                continue
            }
            guard let verdict = judge(answer) else {
                preferred = number
                return answer
            }
            // Every endpoint would refuse it.
            guard verdict.code == .unreachable else { throw verdict }
            if failure.code != .refused { failure = verdict }
        }
        throw failure
    }

    /// Gives the lines of an answer that goes on and on, as they come.
    ///
    /// - Parameter each: Returns false to end it.
    /// - Throws: ``RegistryError``, also when the answer ends.
    func lines(
        of question: HTTPQuestion,
        from number: Int,
        judging judge: @Sendable (HTTPAnswer) -> RegistryError?,
        _ each: @Sendable ([UInt8]) async throws(RegistryError) -> Bool
    ) async throws(RegistryError) {
        let client = try connected()
        let endpoint = target.endpoints[number]
        do {
            let response = try await client.execute(
                request(question, number),
                deadline: .now() + TimeAmount(target.timeout)
            )
            guard response.status == .ok else {
                let body = try await response.body.collect(upTo: Self.answerLimit)
                throw judge(HTTPAnswer(response, body, number))
                    ?? RegistryError(.unreachable, "\(store) at \(endpoint) answered oddly")
            }
            var pending: [UInt8] = []
            for try await part in response.body {
                var rest = part.readableBytesView[...]
                while let end = rest.firstIndex(of: UInt8(ascii: "\n")) {
                    guard try await each(pending + rest[..<end]) else { return }
                    pending = []
                    rest = rest[(end + 1)...]
                }
                pending += rest
                guard pending.count <= Self.lineLimit else {
                    throw RegistryError(.unreachable, "\(store) at \(endpoint) sent a line that is too long")
                }
            }
            throw RegistryError(.unreachable, "\(store) at \(endpoint) ended the connection")
        } catch {
            throw failure(error, at: endpoint)
        }
    }

    private func numbers(_ addressee: Addressee) -> [Int] {
        switch addressee {
        case .only(let number): [number]
        case .anyone: target.endpoints.indices.map { ($0 + preferred) % target.endpoints.count }
        }
    }

    private func exchange(_ question: HTTPQuestion, with number: Int) async throws(RegistryError) -> HTTPAnswer {
        let client = try connected()
        let request = request(question, number)
        let end = ContinuousClock.now + (question.limit ?? target.timeout)
        // The client's own deadline is that of the answer's head alone.
        let result = await limited(until: end) { () async -> Result<HTTPAnswer, any Error> in
            do {
                let response = try await client.execute(request, deadline: .distantFuture)
                let body = try await response.body.collect(upTo: Self.answerLimit)
                return .success(HTTPAnswer(response, body, number))
            } catch {
                return .failure(error)
            }
        }
        switch result {
        case .success(let answer): return answer
        case .failure(let error): throw failure(error, at: target.endpoints[number])
        case nil: throw failure(HTTPClientError.deadlineExceeded, at: target.endpoints[number])
        }
    }

    private func request(_ question: HTTPQuestion, _ number: Int) -> HTTPClientRequest {
        let scheme = target.tls == nil ? "http" : "https"
        var request = HTTPClientRequest(url: "\(scheme)://\(target.endpoints[number])\(question.path)")
        request.method = question.method
        request.headers = question.headers
        request.headers.add(name: "user-agent", value: "partition-cli")
        if let body = question.body {
            request.headers.add(name: "content-type", value: "application/json")
            request.body = .bytes(ByteBuffer(bytes: body))
        }
        return request
    }

    private func connected() throws(RegistryError) -> HTTPClient {
        // Before the files are read: one that is replaced meanwhile is read anew the next time.
        let stamps = target.tls.map(TLSFileStamps.init)
        if let client {
            guard stamps != self.stamps else { return client }
            // Nobody who waits for an answer there is cut off: a header is sent once. By the next renewal that is over, but for watches, which begin anew.
            retired?.shutdown { _ in }
            (retired, self.client) = (client, nil)
        }
        var configuration = HTTPClient.Configuration()
        configuration.redirectConfiguration = .disallow
        configuration.httpVersion = .http1Only
        configuration.timeout.connect = TimeAmount(target.timeout)
        // Another endpoint is asked instead, at once.
        configuration.connectionPool.retryConnectionEstablishment = false
        // Each watch has a connection for itself.
        configuration.connectionPool.concurrentHTTP1ConnectionsPerHostSoftLimit = 1 << 10
        if let files = target.tls { configuration.tlsConfiguration = try .client(files) }
        let client = HTTPClient(eventLoopGroupProvider: .singleton, configuration: configuration)
        self.client = client
        self.stamps = stamps
        return client
    }

    private func failure(_ error: any Error, at endpoint: RegistryEndpoint) -> RegistryError {
        if let error = error as? RegistryError { return error }
        if Task.isCancelled { return RegistryError(.cancelled, "cancelled while waiting for \(store)") }
        return RegistryError(asking: "\(store) at \(endpoint)", error, target.tls)
    }
}

extension HTTPAnswer {
    fileprivate init(_ response: HTTPClientResponse, _ body: ByteBuffer, _ endpoint: Int) {
        self.init(
            status: response.status.code,
            headers: response.headers,
            body: Array(body.readableBytesView),
            endpoint: endpoint
        )
    }
}
