// SPDX-License-Identifier: Apache-2.0
// Part of partition-cli. See LICENSE and CONTRIBUTING.md.

import NIOCore
import PartitionRouter
import RegistryNetwork

extension RegistryError {
    /// A connection that didn't come about.
    init(connecting endpoint: RegistryEndpoint, _ error: any Error) {
        if error is CancellationError {
            self.init(.cancelled, "cancelled while connecting to Redis")
        } else if let tls = RegistryError(tls: error, with: "Redis") {
            self = tls
        } else {
            self.init(
                .unreachable,
                "Redis at \(endpoint) can't be reached: \(Self.reason(ofConnecting: error))"
            )
        }
    }

    /// A connection that broke, or a server that doesn't speak as it should.
    init(talking error: any Error) {
        switch error {
        case is RedisTimeout: self.init(.unreachable, "Redis didn't answer in time")
        case let error as RESPError:
            self.init(.unreachable, "what answers there isn't Redis: \(error.reason)")
        case is ByteToMessageDecoderError.PayloadTooLargeError:
            self.init(.unreachable, "what answers there isn't Redis: a reply that is too long")
        default:
            self =
                RegistryError(tls: error, with: "Redis")
                ?? RegistryError(.unreachable, "the connection to Redis broke")
        }
    }

    /// An error reply of the server.
    init(redis text: String) {
        let word = text.prefix { $0 != " " }
        switch word {
        case "WRONGPASS", "NOAUTH":
            self.init(.refused, "Redis refused the user or password")
        case "NOPERM":
            self.init(
                .refused,
                "Redis refused a command: the user's ACL lacks a command, key or channel",
                hint: "keys *partition_map*, channels *partition_map_updated*, commands as in the documentation"
            )
        case "READONLY":
            self.init(.unreachable, "the Redis server has become a replica", hint: "try again")
        case "LOADING", "BUSY", "TRYAGAIN", "CLUSTERDOWN", "MASTERDOWN", "NOREPLICAS":
            self.init(.unreachable, "Redis can't answer now (\(word))", hint: "try again")
        case "OOM", "MISCONF":
            self.init(.refused, "Redis refuses writes (\(word))", hint: "its memory is full or its disk failed")
        case "WRONGTYPE", "FOREIGN":
            self.init(
                .corrupt,
                "a key of this registry holds something else in Redis",
                hint: "another application's? choose another prefix="
            )
        case "MOVED", "ASK":
            self.init(
                .unsupported,
                "Redis Cluster keeps this table on another node",
                hint: "name that node in the URL"
            )
        default:
            // The first words of "ERR Client sent AUTH, but no password is set" and the like; never a command's content.
            self.init(.refused, "Redis answered with an error (\(Self.printable(text)))")
        }
    }
}

extension RESPValue {
    /// - Throws: ``RegistryError`` for an error reply.
    func orThrow() throws(RegistryError) -> RESPValue {
        if case .error(let text) = self { throw RegistryError(redis: text) }
        return self
    }
}
