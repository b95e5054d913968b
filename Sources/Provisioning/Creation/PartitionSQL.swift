// SPDX-License-Identifier: Apache-2.0
// Part of partition-cli. See LICENSE and CONTRIBUTING.md.

import LibPQ
import Partitioning

/// The statements that make and attach a partition.
enum PartitionSQL {
    /// A standalone table with the parent's columns, constraints and indexes.
    ///
    /// `PARTITION OF` would lock the parent against everybody. `EXCLUDING IDENTITY`: with an identity column of its own
    /// PostgreSQL 17 and later refuse to attach a table.
    static func createTable(
        _ name: RelationName,
        like parent: RelationName,
        properties: RelationProperties
    ) -> Statement {
        var statement: Statement = properties.isUnlogged ? "CREATE UNLOGGED TABLE " : "CREATE TABLE "
        statement = statement + "\(name) (LIKE \(parent) INCLUDING ALL EXCLUDING IDENTITY)"
        if let method = properties.accessMethod { statement = statement + " USING \(identifier: method)" }
        if let tablespace = properties.tablespace { statement = statement + " TABLESPACE \(identifier: tablespace)" }
        return statement
    }

    /// With `row_security = off` the look for orphans of a foreign key is refused where the owner's own row security is forced (42501), though
    /// the new table has no rows for it.
    static func attach(_ creation: PartitionCreation, to parent: RelationName) -> Statement {
        let attach: Statement = """
            SET LOCAL row_security = on;
            ALTER TABLE \(parent) ATTACH PARTITION \(creation.name)
            FOR VALUES FROM (\(bound: creation.lowerBound, creation.range.lower)) TO (\(bound: creation.upperBound, creation.range.upper))
            """
        guard let oid = creation.adoptedOID else { return attach }
        // Before, so that no rows are scanned under the parent's lock; after, when nobody can write any more.
        let check = requireEmpty(creation.name, oid: oid)
        return check + ";\n" + attach + ";\n" + check
    }

    /// An adopted table is known to others, who may have written to it since it was examined.
    private static func requireEmpty(_ name: RelationName, oid: UInt32) -> Statement {
        """
        IF pg_relation_size(\(literal: Int64(oid))::oid) > 0 THEN
        SET LOCAL row_security = off;
        IF EXISTS (SELECT FROM ONLY \(name)) THEN
        RAISE EXCEPTION USING ERRCODE = \(literal: SQLState.catalogChanged.rawValue), MESSAGE = \(literal: "\(name) has got rows");
        END IF;
        END IF
        """
    }

    static func comment(on name: RelationName, _ text: String?) -> Statement {
        if let text {
            "COMMENT ON TABLE \(name) IS \(literal: text)"
        } else {
            "COMMENT ON TABLE \(name) IS NULL"
        }
    }
}

extension Statement.StringInterpolation {
    /// A range bound: a string constant, or the keyword for a bound that is none.
    mutating func appendInterpolation(bound text: String, _ coordinate: Int64) {
        switch coordinate {
        case .min: appendInterpolation(trusted: "MINVALUE")
        case .max: appendInterpolation(trusted: "MAXVALUE")
        default: appendInterpolation(literal: text)
        }
    }
}
