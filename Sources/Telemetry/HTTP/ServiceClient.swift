// SPDX-License-Identifier: Apache-2.0
// Part of partition-cli. See LICENSE and CONTRIBUTING.md.

import AsyncHTTPClient
import NIOCore
import NIOHTTP1
import NIOSSL

#if canImport(FoundationEssentials)
    import FoundationEssentials
#else
    import Foundation
#endif

/// Asks one service over HTTP, within a time limit, without following it anywhere else.
struct ServiceClient: Sendable {
    let url: ServiceURL
    /// For people, as in "the Pushgateway".
    let name: String
    /// For one request, from the connection to the end of the answer.
    let timeout: Duration

    struct Answer: Sendable {
        var status: UInt
        var body: String
    }

    /// - Parameters:
    ///   - path: after the URL's own.
    ///   - limit: of the answer's body, in bytes.
    /// - Throws: ``TelemetryError`` also for an answer that isn't 2xx.
    @discardableResult
    func send(
        _ method: HTTPMethod,
        _ path: String,
        body: (text: String, type: String)? = nil,
        limit: Int = 1 << 20
    ) async throws(TelemetryError) -> Answer {
        var request = HTTPClientRequest(url: url.appending(path))
        request.method = method
        if let authorization = url.authorization { request.headers.add(name: "authorization", value: authorization) }
        request.headers.add(name: "user-agent", value: "partition-cli")
        if let body {
            request.headers.add(name: "content-type", value: body.type)
            request.body = .bytes(ByteBuffer(string: body.text))
        }
        let answer: Answer
        do {
            answer = try await perform(request, limit: limit)
        } catch {
            var outage = TelemetryError("\(name) at \(url) could not be reached: \(reason(error))")
            outage.isOutage = true
            throw outage
        }
        guard (200..<300).contains(answer.status) else {
            let said = url.redacting(String(answer.body.prefix(200)).replacing("\n", with: " "))
            throw TelemetryError("\(name) at \(url) answered \(answer.status)" + (said.isEmpty ? "" : ": \(said)"))
        }
        return answer
    }

    private func perform(_ request: HTTPClientRequest, limit: Int) async throws -> Answer {
        var configuration = HTTPClient.Configuration()
        // A redirection could take the secrets of the URL elsewhere.
        configuration.redirectConfiguration = .disallow
        configuration.timeout.connect = .nanoseconds(Int64(timeout / .nanoseconds(1)))
        if let authorities = url.authorities {
            var tls = TLSConfiguration.makeClientConfiguration()
            tls.trustRoots = .certificates(authorities)
            configuration.tlsConfiguration = tls
        }
        let client = HTTPClient(eventLoopGroupProvider: .singleton, configuration: configuration)
        do {
            let answer = try await answer(of: client, to: request, limit: limit)
            try await client.shutdown()
            return answer
        } catch {
            // The request's own error says more than one of the end.
            try? await client.shutdown()
            throw error
        }
    }

    /// The library's deadline is over with the answer's head: whoever sends that and then nothing would be waited for without end.
    private func answer(of client: HTTPClient, to request: HTTPClientRequest, limit: Int) async throws -> Answer {
        try await withThrowingTaskGroup(of: Answer.self) { [timeout] group in
            group.addTask {
                let deadline = NIODeadline.now() + .nanoseconds(Int64(timeout / .nanoseconds(1)))
                let response = try await client.execute(request, deadline: deadline)
                let body = try await response.body.collect(upTo: limit)
                // A body that is broken off by a cancellation looks like one that has ended.
                try Task.checkCancellation()
                return Answer(status: response.status.code, body: String(buffer: body))
            }
            group.addTask {
                try await Task.sleep(for: timeout)
                throw HTTPClientError.deadlineExceeded
            }
            defer { group.cancelAll() }
            guard let answer = try await group.next() else { throw HTTPClientError.deadlineExceeded }
            return answer
        }
    }

    private func reason(_ error: any Error) -> String {
        let isLate = [HTTPClientError.deadlineExceeded, .connectTimeout, .readTimeout].contains {
            $0 == error as? HTTPClientError
        }
        if isLate || error is CancellationError { return "no answer within \(timeout / .seconds(1)) s" }
        return url.redacting((error as? HTTPClientError)?.shortDescription ?? "\(error)")
    }
}
