// SPDX-License-Identifier: Apache-2.0
// Part of partition-cli. See LICENSE and CONTRIBUTING.md.

/// One reading of the catalog: all that a plan is made of. Decisions rest on nothing else.
package struct CatalogSnapshot: Hashable, Codable, Sendable {
    package var server: ServerFacts
    /// Every partitioned table of the database that the role may see, by schema and name.
    package var tables: [PartitionedTable]
    /// Zones in which the bounds of a table lie on local midnights, by the table's oid, for tables whose bounds
    /// aren't midnights in UTC and for which nobody named a zone. See ``ZoneChoice``.
    package var zoneCandidates: [UInt32: [ZoneRules]]
    /// The zone that the caller named, with the server's rules for it.
    package var namedZone: ZoneRules?
    /// The zones of declared policies that the server knows, by name.
    package var declaredZones: [String: ZoneRules]

    package init(
        server: ServerFacts,
        tables: [PartitionedTable],
        zoneCandidates: [UInt32: [ZoneRules]] = [:],
        namedZone: ZoneRules? = nil,
        declaredZones: [String: ZoneRules] = [:]
    ) {
        self.server = server
        self.tables = tables
        self.zoneCandidates = zoneCandidates
        self.namedZone = namedZone
        self.declaredZones = declaredZones
    }
}

/// What the server says of itself and of the session.
package struct ServerFacts: Hashable, Codable, Sendable {
    /// `server_version_num`, for example 180004.
    package var version: Int
    /// `clock_timestamp()` when the catalog was read.
    package var now: Instant
    package var isInRecovery: Bool
    package var database: String
    package var role: String
    /// `pg_control_system().system_identifier`, where the role may read it.
    package var systemIdentifier: String?
    /// The TimeZone that sessions of this role get in this database, before ours set UTC. For hints only:
    /// bounds never depend on it.
    package var sessionTimeZone: String

    package init(
        version: Int,
        now: Instant,
        isInRecovery: Bool = false,
        database: String,
        role: String,
        systemIdentifier: String? = nil,
        sessionTimeZone: String = "UTC"
    ) {
        self.version = version
        self.now = now
        self.isInRecovery = isInRecovery
        self.database = database
        self.role = role
        self.systemIdentifier = systemIdentifier
        self.sessionTimeZone = sessionTimeZone
    }
}

/// A relation or type that already has a name which a plan would like to use.
package struct NameOccupant: Hashable, Codable, Sendable {
    package enum Adoptable: Hashable, Codable, Sendable {
        /// An empty ordinary table with the parent's definition, attached to nothing: can be attached instead of created.
        case yes
        /// Why it can't: a sentence's end, for example "it has other columns".
        case no(String)
    }

    package var name: RelationName
    /// Of the relation that was examined; 0 where only a type has the name.
    package var oid: UInt32
    package var adoptable: Adoptable

    package init(name: RelationName, oid: UInt32, adoptable: Adoptable) {
        self.name = name
        self.oid = oid
        self.adoptable = adoptable
    }
}
