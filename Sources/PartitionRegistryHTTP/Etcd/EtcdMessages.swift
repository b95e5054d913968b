// SPDX-License-Identifier: Apache-2.0
// Part of partition-cli. See LICENSE and CONTRIBUTING.md.

#if canImport(FoundationEssentials)
    import FoundationEssentials
#else
    import Foundation
#endif

/// What etcd's JSON gateway is asked, as far as a registry needs it. 64-bit integers are texts there.
enum EtcdQuestion {
    struct Range: Encodable {
        var key: Data
        var end: Data?
        var limit: String?
        var keysOnly: Bool?

        enum CodingKeys: String, CodingKey {
            case key, limit
            case end = "range_end"
            case keysOnly = "keys_only"
        }

        init(_ key: String) {
            self.key = Data(key.utf8)
        }

        /// The keys from one on that begin with a prefix, without their values.
        ///
        /// - Parameter prefix: Ends with a slash.
        init(keysBelow prefix: String, from key: Data, limit: Int) {
            self.key = key
            end = EtcdQuestion.end(ofPrefix: prefix)
            self.limit = String(limit)
            keysOnly = true
        }
    }

    struct Transaction: Encodable {
        var compare: [Compare] = []
        var success: [Operation]
    }

    /// That a key's last change is that revision; 0 for an absent key.
    struct Compare: Encodable {
        var key: Data
        var revision: String
        var target = "MOD"
        var result = "EQUAL"

        enum CodingKeys: String, CodingKey {
            case key, target, result
            case revision = "mod_revision"
        }
    }

    enum Operation: Encodable {
        case range(Range)
        case put(key: Data, value: Data)
        case deleteRange(key: Data, end: Data)

        enum Key: String, CodingKey {
            case key, value
            case requestRange = "request_range"
            case requestPut = "request_put"
            case requestDeleteRange = "request_delete_range"
            case end = "range_end"
        }

        func encode(to encoder: any Encoder) throws {
            var outer = encoder.container(keyedBy: Key.self)
            switch self {
            case .range(let range): try outer.encode(range, forKey: .requestRange)
            case .put(let key, let value):
                var inner = outer.nestedContainer(keyedBy: Key.self, forKey: .requestPut)
                try inner.encode(key, forKey: .key)
                try inner.encode(value, forKey: .value)
            case .deleteRange(let key, let end):
                var inner = outer.nestedContainer(keyedBy: Key.self, forKey: .requestDeleteRange)
                try inner.encode(key, forKey: .key)
                try inner.encode(end, forKey: .end)
            }
        }
    }

    struct Watch: Encodable {
        struct Creation: Encodable {
            var key: Data
        }

        var creation: Creation

        enum CodingKeys: String, CodingKey {
            case creation = "create_request"
        }
    }

    /// Of the server that is asked.
    struct Status: Encodable {}

    struct Credentials: Encodable {
        var name: String
        var password: String
    }

    /// The first key after all that begin with a prefix, which ends with a slash.
    static func end(ofPrefix prefix: String) -> Data { Data(prefix.utf8.dropLast()) + [UInt8(ascii: "/") + 1] }
}

/// What etcd's JSON gateway answers. What is zero, empty or false isn't there.
enum EtcdAnswer {
    struct Header: Decodable {
        var revision: String?
    }

    /// What all of etcd's answers have, and nobody else's.
    struct Signed: Decodable {
        struct Header: Decodable {
            var cluster: String

            enum CodingKeys: String, CodingKey {
                case cluster = "cluster_id"
            }
        }

        var header: Header
    }

    struct Entry: Decodable {
        var key: Data?
        var value: Data?
        var revision: String?

        enum CodingKeys: String, CodingKey {
            case key, value
            case revision = "mod_revision"
        }
    }

    struct Range: Decodable {
        var entries: [Entry]?
        var more: Bool?

        enum CodingKeys: String, CodingKey {
            case entries = "kvs"
            case more
        }
    }

    struct Transaction: Decodable {
        struct Response: Decodable {
            var range: Range?

            enum CodingKeys: String, CodingKey {
                case range = "response_range"
            }
        }

        var header: Header?
        var succeeded: Bool?
        var responses: [Response]?
    }

    struct Token: Decodable {
        var token: String?
    }

    struct Status: Decodable {
        var size: String?
        var used: String?
        var quota: String?
        /// One for each alarm, as in `memberID:1 alarm:NOSPACE `.
        var errors: [String]?

        enum CodingKeys: String, CodingKey {
            case errors
            case size = "dbSize"
            case used = "dbSizeInUse"
            case quota = "dbSizeQuota"
        }
    }
}

extension EtcdSpace {
    /// Nil where the size isn't told.
    init?(_ status: EtcdAnswer.Status) {
        guard let size = status.size.flatMap({ Int64($0) }), size >= 0 else { return nil }
        self.init(
            size: size,
            used: status.used.flatMap { Int64($0) },
            quota: status.quota.flatMap { Int64($0) },
            alarms: Set(
                (status.errors ?? []).compactMap {
                    $0.firstMatch(of: /alarm:([A-Z]{1,30})/).map { String($0.output.1) }
                }
            )
        )
    }
}
