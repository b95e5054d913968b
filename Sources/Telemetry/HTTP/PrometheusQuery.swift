// SPDX-License-Identifier: Apache-2.0
// Part of partition-cli. See LICENSE and CONTRIBUTING.md.

import NIOHTTP1

#if canImport(FoundationEssentials)
    import FoundationEssentials
#else
    import Foundation
#endif

/// Asks a Prometheus, or what speaks its HTTP API, for one number as of now.
///
/// The answer comes from outside and is held to the API's documentation (Prometheus, "HTTP API", instant queries): a scalar, or a vector of exactly
/// one series. Anything else is an error, not a guess.
package struct PrometheusQuery: Sendable {
    /// Of an answer, in bytes; a number and its labels take a few hundred.
    private static let limit = 256 << 10

    private let client: ServiceClient

    /// - Parameter timeout: of each question, from the connection to the end of the answer.
    package init(_ url: ServiceURL, timeout: Duration = .seconds(5)) {
        client = ServiceClient(url: url, name: "the Prometheus", timeout: timeout)
    }

    /// The one number that a query has for a result; may be an infinity or no number.
    ///
    /// - Parameter expression: in PromQL.
    /// - Throws: ``TelemetryError``.
    package func value(of expression: String) async throws(TelemetryError) -> Double {
        let answer = try await client.send(
            .POST,
            "/api/v1/query",
            body: ("query=\(Self.encoded(expression))", "application/x-www-form-urlencoded"),
            limit: Self.limit
        )
        return try value(in: answer.body)
    }

    private func value(in body: String) throws(TelemetryError) -> Double {
        guard let answer = try? JSONDecoder().decode(Answer.self, from: Data(body.utf8)), answer.status == "success"
        else {
            throw TelemetryError(
                "what answers at \(client.url) isn't a Prometheus: it says nothing that its HTTP API knows",
                remedy: "give the URL under which /api/v1/query is"
            )
        }
        switch answer.data {
        case .vector(let values) where values.count == 1: return values[0]
        case .scalar(let value): return value
        case .vector(let values):
            throw TelemetryError(
                values.isEmpty
                    ? "the query has no result in \(client.name) at \(client.url)"
                    : "the query has \(values.count) results in \(client.name) at \(client.url), and has to have one",
                remedy: values.isEmpty
                    ? "try the query in Prometheus: its labels fit no series now"
                    : "write a query of one series, with max(…) around it for example"
            )
        }
    }

    /// What may stand in a form as it is: unreserved characters (RFC 3986, 2.3).
    private static func encoded(_ text: String) -> String {
        let digits = Array("0123456789ABCDEF")
        return text.utf8.reduce(into: "") { encoded, byte in
            switch byte {
            case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
                UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "-"), UInt8(ascii: "."), UInt8(ascii: "_"):
                encoded.append(Character(UnicodeScalar(byte)))
            default:
                encoded.append("%")
                encoded.append(digits[Int(byte >> 4)])
                encoded.append(digits[Int(byte & 15)])
            }
        }
    }
}

extension PrometheusQuery {
    /// `{"status":"success","data":{"resultType":"vector","result":[{"metric":{…},"value":[1435781451.781,"1"]}]}}`
    private struct Answer: Decodable {
        enum Result {
            case vector([Double])
            case scalar(Double)
        }

        var status: String
        var data: Result

        enum Key: String, CodingKey { case status, data, resultType, result }

        init(from decoder: any Decoder) throws {
            let outer = try decoder.container(keyedBy: Key.self)
            status = try outer.decode(String.self, forKey: .status)
            let inner = try outer.nestedContainer(keyedBy: Key.self, forKey: .data)
            let type = try inner.decode(String.self, forKey: .resultType)
            switch type {
            case "vector": data = .vector(try inner.decode([Sample].self, forKey: .result).map(\.value.number))
            case "scalar": data = .scalar(try inner.decode(Point.self, forKey: .result).number)
            default:
                throw DecodingError.dataCorruptedError(forKey: .resultType, in: inner, debugDescription: "no number")
            }
        }
    }

    private struct Sample: Decodable {
        var value: Point
    }

    /// A time and a number; the number is a string, since JSON has no infinities.
    private struct Point: Decodable {
        var number: Double

        init(from decoder: any Decoder) throws {
            var pair = try decoder.unkeyedContainer()
            _ = try pair.decode(Double.self)
            let text = try pair.decode(String.self)
            // Double itself would also take hexadecimal, and payloads of NaN.
            let isPlain = text.utf8.allSatisfy { "0123456789+-.eE".utf8.contains($0) }
            guard isPlain || ["NaN", "+Inf", "-Inf"].contains(text), let number = Double(text), pair.isAtEnd else {
                throw DecodingError.dataCorruptedError(in: pair, debugDescription: "no number")
            }
            self.number = number
        }
    }
}
