// SPDX-License-Identifier: Apache-2.0
// Part of partition-cli. See LICENSE and CONTRIBUTING.md.

/// Somebody who is, or would be, waited for.
package struct Laggard: Hashable, Codable, Sendable {
    package enum Kind: String, Hashable, Codable, Sendable {
        case standby
        /// A standby that must be there and isn't.
        case missingStandby = "missing-standby"
        /// The same, where this role may not see who is there.
        case unseenStandby = "unseen-standby"
        case slot
    }

    package var kind: Kind
    package var name: String
    /// Of a standby, where it came over TCP.
    package var address: String?
    /// Of a standby: at least so many seconds behind; 0 where nothing is known against it.
    package var seconds: Double?
    /// Of a slot: bytes not confirmed.
    package var bytes: Int64?

    package init(_ kind: Kind, name: String, address: String? = nil, seconds: Double? = nil, bytes: Int64? = nil) {
        self.kind = kind
        self.name = name
        self.address = address
        self.seconds = seconds
        self.bytes = bytes
    }
}

extension Laggard: CustomStringConvertible {
    package var description: String {
        switch kind {
        case .standby:
            let place = address.map { " (\($0))" } ?? ""
            return "the standby \(name)\(place) is \(Self.tenths(seconds ?? 0)) s behind"
        case .missingStandby: return "the expected standby \(name) is not connected"
        case .unseenStandby:
            return
                "whether the expected standby \(name) is connected can't be seen by this role, which needs pg_monitor"
        case .slot: return "the logical slot \(name) is \(Self.tenths(Double(bytes ?? 0) / 1_048_576)) MiB behind"
        }
    }

    private static func tenths(_ number: Double) -> String { "\((number * 10).rounded() / 10)" }
}

extension Collection<Laggard> {
    /// The first three, for a sentence.
    package var words: String {
        let rest = count > 3 ? " and \(count - 3) more" : ""
        return prefix(3).map(\.description).joined(separator: "; ") + rest
    }
}
