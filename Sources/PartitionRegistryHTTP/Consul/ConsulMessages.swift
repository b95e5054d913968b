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
        var flags: UInt64?

        enum CodingKeys: String, CodingKey {
            case flags = "Flags"
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

    init(_ verb: String, _ key: String, index: Int64? = nil) {
        entry = Entry(verb: verb, key: key, index: index)
    }

    /// Writes a value so that its index moves. Consul keeps the index of a key that is written as it stands, and two writers of the same bytes
    /// would take each other's for their own; the flags, which nobody reads, make each write another one.
    static func set(_ key: String, _ value: Data) -> ConsulOperation {
        var operation = ConsulOperation("set", key)
        operation.entry.value = value
        operation.entry.flags = .random(in: .min ... .max)
        return operation
    }
}

extension ConsulTransaction.Fault {
    /// Consul's words for a lack of rights begin so, on the leader or passed on by another server. In others the key's name stands, whatever it says.
    var isOfRights: Bool {
        guard let what else { return false }
        return ["Permission denied", "rpc error making call: Permission denied"].contains { what.hasPrefix($0) }
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
