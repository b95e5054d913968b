// SPDX-License-Identifier: Apache-2.0
// Part of partition-cli. See LICENSE and CONTRIBUTING.md.

/// A value of Redis' protocol, RESP2 or RESP3.
enum RESPValue: Equatable, Sendable {
    /// `+`, `(`, `,`: short texts that aren't binary.
    case simple(String)
    /// `-` and `!`: the server's error, whose first word is its class.
    case error(String)
    case integer(Int64)
    case bulk([UInt8])
    case null
    case bool(Bool)
    /// An array or a set.
    case array([RESPValue])
    /// Keys and values alternate.
    case map([RESPValue])
    /// What the server says without being asked.
    case push([RESPValue])

    /// A text, whether it came as a simple or as a bulk string; nil for anything else, and for what isn't UTF-8.
    var text: String? {
        switch self {
        case .simple(let text): text
        case .bulk(let bytes): String(validating: bytes, as: UTF8.self)
        default: nil
        }
    }

    /// The elements of an array, a map (keys and values alternating) or a push.
    var elements: [RESPValue]? {
        switch self {
        case .array(let elements), .map(let elements), .push(let elements): elements
        default: nil
        }
    }
}
