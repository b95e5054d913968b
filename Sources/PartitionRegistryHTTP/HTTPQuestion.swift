// SPDX-License-Identifier: Apache-2.0
// Part of partition-cli. See LICENSE and CONTRIBUTING.md.

import NIOHTTP1

/// What a store is asked over HTTP.
struct HTTPQuestion: Sendable {
    var method: HTTPMethod
    /// With its query; escaped as a URL needs it.
    var path: String
    var headers: HTTPHeaders = [:]
    var body: [UInt8]?
    /// For the whole exchange with one endpoint; nil for the target's.
    var limit: Duration?
}

/// Whom to ask.
package enum Addressee: Sendable {
    /// Each endpoint in turn until one answers. Only for what may be done twice.
    case anyone
    /// The endpoint of this number, once.
    case only(Int)
}

struct HTTPAnswer: Sendable {
    var status: UInt
    var headers: HTTPHeaders
    var body: [UInt8]
    /// The number of the endpoint that it came from.
    var endpoint: Int
}
