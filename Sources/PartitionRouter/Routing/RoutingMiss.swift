// SPDX-License-Identifier: Apache-2.0
// Part of partition-cli. See LICENSE and CONTRIBUTING.md.

public import PartitionMap

/// Why a key wasn't routed, and what the router knew when it said so.
public struct RoutingMiss: Error, Hashable, Sendable, CustomStringConvertible {
    /// The class of the miss, and the label `reason` of `partition_routing_miss_total`. It may grow; compare with the constants.
    public struct Reason: Hashable, Sendable, CustomStringConvertible {
        enum Backing: String, CaseIterable {
            case uncovered, draining, stale
            case noMap = "no_map"
            case unplaceable, unreadable, superseded
            case servedStale = "served_stale"
        }

        let backing: Backing

        /// No partition of its own takes the key: provisioning is behind, or the key is far off.
        public static let uncovered = Reason(backing: .uncovered)
        /// The partition is about to be retired; a row written there would be lost.
        public static let draining = Reason(backing: .draining)
        /// The map wasn't confirmed for so long that the partition may be gone, or that one may have been made that it doesn't have.
        public static let stale = Reason(backing: .stale)
        /// No map was read yet.
        public static let noMap = Reason(backing: .noMap)
        /// Only the server can place this table's keys.
        public static let unplaceable = Reason(backing: .unplaceable)
        /// A text isn't a value of the key, or the key has another number of columns.
        public static let unreadable = Reason(backing: .unreadable)
        /// The index comes from a map that was replaced since: look the key up again.
        public static let superseded = Reason(backing: .superseded)
        /// Not an error: a stale map was served, as ``WhenStale`` allows. Only counted.
        static let servedStale = Reason(backing: .servedStale)

        public var description: String { backing.rawValue }
    }

    public let reason: Reason
    public let table: EntityName
    /// The key as it was given; a time as its microseconds.
    public let key: String
    /// The version of the map that was asked; nil before the first one.
    public let version: Int64?
    /// How long ago the last successful reading of the map's header was sent.
    public let age: Duration?
    /// What the map covers; nil when it covers nothing, or isn't of ranges.
    public let covered: PartitionMapDocument.Coverage?

    public var description: String {
        let map = version.map { "map version \($0)" } ?? "no map"
        let seconds = age.map { ", confirmed \($0.components.seconds) s ago" } ?? ""
        let interval =
            covered.map { ", covering \($0.start ?? "the beginning") to \($0.end ?? "the end")" } ?? ""
        return "\(table) has no partition for \(key): \(sentence) (\(map)\(seconds)\(interval))"
    }

    private var sentence: String {
        switch reason.backing {
        case .uncovered: "none covers it; is provisioning behind?"
        case .draining: "the one that holds it is about to be retired"
        case .stale, .servedStale: "the map wasn't confirmed for too long; can the registry be reached?"
        case .noMap: "no map was read yet; does the router run, and was a map published?"
        case .unplaceable: "only the server can place such a key; write through the table itself"
        case .unreadable: "it can't be read as a key of this table"
        case .superseded: "the map was replaced since it was looked up; look it up again"
        }
    }
}
