// SPDX-License-Identifier: Apache-2.0
// Part of partition-cli. See LICENSE and CONTRIBUTING.md.

import Foundation
import Hummingbird
import NIOCore
import PartitionLoading

/// `POST /events` with a JSON array of events loads all of them or none; `GET /health` says which map is served.
struct API {
    static let maximumSize = 16 << 20

    let store: EventStore

    func routes() -> Router<BasicRequestContext> {
        let router = Router()
        router.post("events") { request, _ in await load(request) }
        router.get("health") { _, _ in health() }
        return router
    }

    private func load(_ request: Request) async -> Response {
        do {
            let body = try await request.body.collect(upTo: Self.maximumSize)
            let batch = try JSONDecoder().decode([Event].self, from: Data(body.readableBytesView))
            return json(.ok, try JSONEncoder().encode(try await store.load(batch)))
        } catch let error as LoadingError {
            // `rotate` is making the partition for these rows, and will be done in seconds.
            if error.isTemporary { return problem(.serviceUnavailable, error.description, retryAfter: 5) }
            // Classes 22 and 23 are of the data: no partition takes them, or they aren't values.
            let isOfData = ["22", "23"].contains(error.sqlState?.prefix(2) ?? "")
            return problem(isOfData ? .unprocessableContent : .serviceUnavailable, error.description)
        } catch let error as DecodingError {
            return problem(.badRequest, "\(error)")
        } catch {
            return problem(.internalServerError, "\(error)")
        }
    }

    private func health() -> Response {
        guard let map = store.map else { return problem(.serviceUnavailable, "no partition map was read yet") }
        return json(.ok, Data("{\"version\":\(map.version),\"ageSeconds\":\(map.age.components.seconds)}".utf8))
    }

    /// - Parameter retryAfter: seconds after which the same request may well succeed.
    private func problem(_ status: HTTPResponse.Status, _ message: String, retryAfter: Int? = nil) -> Response {
        var response = json(status, (try? JSONEncoder().encode(["error": message])) ?? Data("{}".utf8))
        response.headers[.retryAfter] = retryAfter.map(String.init)
        return response
    }

    private func json(_ status: HTTPResponse.Status, _ body: Data) -> Response {
        Response(
            status: status,
            headers: [.contentType: "application/json"],
            body: ResponseBody(byteBuffer: ByteBuffer(bytes: body))
        )
    }
}
