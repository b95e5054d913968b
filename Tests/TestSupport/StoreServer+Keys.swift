// SPDX-License-Identifier: Apache-2.0
// Part of partition-cli. See LICENSE and CONTRIBUTING.md.

#if canImport(FoundationEssentials)
    import FoundationEssentials
#else
    import Foundation
#endif

/// What a test does to a store behind the registry's back.
extension StoreServer {
    /// An answer over HTTP, whatever its status.
    package nonisolated func ask(
        _ method: String,
        _ path: String,
        _ body: String? = nil,
        token: String? = nil
    ) async throws -> (status: Int, body: String) {
        var words = ["curl", "--silent", "--show-error", "--globoff", "--max-time", "10", "--request", method]
        words += ["--write-out", "\n%{http_code}"]
        if options.usesTLS {
            words += ["--cacert", "\(directory)/ca.crt"]
            words += ["--cert", "\(directory)/client.crt", "--key", "\(directory)/client.key"]
        }
        if let token { words += ["--header", "Authorization: \(token)"] }
        if let token = options.token { words += ["--header", "X-Consul-Token: \(token)"] }
        if let body { words += ["--data-binary", body] }
        let output = try await ServerKeeper.run(
            words + ["\(options.usesTLS ? "https" : "http")://127.0.0.1:\(port)\(path)"]
        )
        let lines = output.split(separator: "\n", omittingEmptySubsequences: false)
        guard let status = lines.last.flatMap({ Int($0) }) else { throw ServerError("no status: \(output)") }
        return (status, lines.dropLast().joined(separator: "\n"))
    }

    /// Writes one key; also of the same value that is a change.
    package nonisolated func put(_ key: String, _ value: String) async throws {
        switch program {
        case .etcd: try await good("POST", "/v3/kv/put", #"{"key":"\#(base64(key))","value":"\#(base64(value))"}"#)
        case .consul:
            // Consul takes no notice of what changes nothing.
            let flags = UInt32.random(in: .min ... .max)
            let change = #"[{"KV":{"Verb":"set","Key":\#(quoted(key)),"Value":"\#(base64(value))","Flags":\#(flags)}}]"#
            try await good("PUT", "/v1/txn", change)
        }
    }

    package nonisolated func remove(_ key: String) async throws {
        switch program {
        case .etcd: try await good("POST", "/v3/kv/deleterange", #"{"key":"\#(base64(key))"}"#)
        case .consul: try await good("PUT", "/v1/txn", #"[{"KV":{"Verb":"delete","Key":\#(quoted(key))}}]"#)
        }
    }

    /// Nil for an absent key.
    package nonisolated func value(_ key: String) async throws -> String? {
        try await everything()[key]
    }

    /// All keys, in their order.
    package nonisolated func keys() async throws -> [String] { try await everything().keys.sorted() }

    /// Removes every key.
    package nonisolated func flush() async throws {
        switch program {
        case .etcd: try await good("POST", "/v3/kv/deleterange", #"{"key":"AA==","range_end":"AA=="}"#)
        case .consul: try await good("DELETE", "/v1/kv/?recurse")
        }
    }

    private nonisolated func everything() async throws -> [String: String] {
        struct Entry: Decodable {
            var key: Data
            var value: Data?
        }
        struct Range: Decodable {
            var kvs: [Entry]?
        }
        struct ConsulEntry: Decodable {
            var key: String
            var value: Data?

            enum CodingKeys: String, CodingKey {
                case key = "Key"
                case value = "Value"
            }
        }
        var found: [String: String] = [:]
        switch program {
        case .etcd:
            let body = try await good("POST", "/v3/kv/range", #"{"key":"AA==","range_end":"AA=="}"#)
            for entry in try JSONDecoder().decode(Range.self, from: Data(body.utf8)).kvs ?? [] {
                found[String(decoding: entry.key, as: UTF8.self)] = String(
                    decoding: entry.value ?? Data(),
                    as: UTF8.self
                )
            }
        case .consul:
            let (status, body) = try await ask("GET", "/v1/kv/?recurse&consistent")
            guard status != 404 else { return [:] }
            for entry in try JSONDecoder().decode([ConsulEntry].self, from: Data(body.utf8)) {
                found[entry.key] = String(decoding: entry.value ?? Data(), as: UTF8.self)
            }
            // Whether the server takes writes was tried with it.
            found["ready"] = nil
        }
        return found
    }

    @discardableResult
    package nonisolated func good(_ method: String, _ path: String, _ body: String? = nil) async throws -> String {
        let answer = try await ask(method, path, body)
        guard answer.status == 200 else { throw ServerError("\(program) answered \(answer.status): \(answer.body)") }
        return answer.body
    }

    private nonisolated func base64(_ text: String) -> String { Data(text.utf8).base64EncodedString() }

    private nonisolated func quoted(_ text: String) -> String {
        (try? JSONEncoder().encode(text)).map { String(decoding: $0, as: UTF8.self) } ?? "\"\""
    }
}
