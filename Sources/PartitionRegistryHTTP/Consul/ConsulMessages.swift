// SPDX-License-Identifier: Apache-2.0
// Part of partition-cli. See LICENSE and CONTRIBUTING.md.

#if canImport(FoundationEssentials)
    import FoundationEssentials
#else
    import Foundation
#endif

/// A key, or what of it a transaction tells.
struct ConsulEntry: Decodable {
    var value: Data?
    var modifyIndex: Int64?

    enum CodingKeys: String, CodingKey {
        case value = "Value"
        case modifyIndex = "ModifyIndex"
    }
}

/// One of those in a transaction.
struct ConsulOperation: Encodable {
    private struct Entry: Encodable {
        var verb: String
        var key: String
        var value: Data?
        var index: Int64?

        enum CodingKeys: String, CodingKey {
            case verb = "Verb"
            case key = "Key"
            case value = "Value"
            case index = "Index"
        }
    }

    private var entry: Entry

    enum CodingKeys: String, CodingKey {
        case entry = "KV"
    }

    init(_ verb: String, _ key: String, value: Data? = nil, index: Int64? = nil) {
        entry = Entry(verb: verb, key: key, value: value, index: index)
    }
}

/// What a transaction is answered.
struct ConsulTransaction: Decodable {
    struct Result: Decodable {
        var entry: ConsulEntry?

        enum CodingKeys: String, CodingKey {
            case entry = "KV"
        }
    }

    struct Fault: Decodable {
        var what: String?

        enum CodingKeys: String, CodingKey {
            case what = "What"
        }
    }

    var results: [Result]?
    var errors: [Fault]?

    enum CodingKeys: String, CodingKey {
        case results = "Results"
        case errors = "Errors"
    }
}
