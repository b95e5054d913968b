// SPDX-License-Identifier: Apache-2.0
// Part of partition-cli. See LICENSE and CONTRIBUTING.md.

package import PartitionRouter
import RegistryNetwork

#if canImport(FoundationEssentials)
    import FoundationEssentials
#else
    import Foundation
#endif

/// What etcd says no with: gRPC's code and a text.
struct EtcdFault: Decodable {
    var code: Int?
    /// In the lines of a watch.
    var streamCode: Int?
    var message: String?

    enum CodingKeys: String, CodingKey {
        case code, message
        case streamCode = "grpc_code"
    }
}

extension EtcdFault {
    /// The token isn't known any more; another one may be.
    var isOfToken: Bool {
        // InvalidArgument: the users were changed since it was given out.
        code == 16 || (code == 3 && message?.contains("revision of auth store is old") == true)
    }

    /// By gRPC's code; by the server's text only where the code says too little.
    ///
    /// - Parameter hasUser: whether a user was named.
    func error(hasUser: Bool) -> RegistryError {
        let text = message ?? ""
        let shown = RegistryError.printable(text)
        return switch streamCode ?? code ?? 14 {
        case 3 where text.contains("authentication failed"):
            RegistryError(.refused, "etcd refused the user or password")
        case 3 where text.contains("user name is empty"), 7 where !hasUser:
            RegistryError(.refused, "etcd asks for a user and password", hint: "etcd://user:password@host")
        case 7:
            RegistryError(
                .refused,
                "etcd refused access: the user's roles lack the keys",
                hint: "etcdctl role grant-permission ROLE readwrite --prefix=true partition_map/ (after prefix=)"
            )
        case 8 where text.contains("space exceeded"):
            RegistryError(
                .refused,
                "etcd refuses writes: its space is used up",
                hint: "compact and defragment it, then etcdctl alarm disarm"
            )
        case 16: RegistryError(.unreachable, "etcd doesn't know its token any more", hint: "try again")
        case 1, 2, 4, 8, 13, 14:
            RegistryError(.unreachable, "etcd can't answer now (\(shown))", hint: "has it a leader and a quorum?")
        default: RegistryError(.refused, "etcd answered with an error (\(shown))")
        }
    }
}

/// A line of what a watch is answered.
package struct EtcdWatchLine: Decodable {
    private struct Result: Decodable {
        var created: Bool?
        var canceled: Bool?
        var reason: String?
        var events: [Event]?

        enum CodingKeys: String, CodingKey {
            case created, canceled, events
            case reason = "cancel_reason"
        }
    }

    /// What changed is read, not taken from here.
    private struct Event: Decodable {}

    private var result: Result?
    private var error: EtcdFault?

    /// What a line says.
    ///
    /// - Returns: Nil for one that says nothing about the key.
    /// - Throws: ``RegistryError`` when it says that the watch is over: nothing comes after it, though the connection stays.
    package static func hint(_ bytes: [UInt8], hasUser: Bool = true) throws(RegistryError) -> RegistryHint? {
        guard bytes.contains(where: { $0 > 0x20 }) else { return nil }
        guard let line = StoreJSON.decoded(bytes, as: EtcdWatchLine.self) else { throw EtcdStore.oddAnswer }
        if let error = line.error { throw error.error(hasUser: hasUser) }
        guard let result = line.result else { return nil }
        if result.canceled == true {
            if result.reason?.contains("permission denied") == true { throw EtcdFault(code: 7).error(hasUser: hasUser) }
            // A compaction's, or another one: begin anew.
            throw RegistryError(.unreachable, "etcd ended the watch")
        }
        if result.created == true { return .reconnected }
        return result.events?.isEmpty == false ? .changed : nil
    }
}
