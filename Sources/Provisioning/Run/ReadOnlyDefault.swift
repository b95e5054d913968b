// SPDX-License-Identifier: Apache-2.0
// Part of partition-cli. See LICENSE and CONTRIBUTING.md.

import LibPQ

/// `default_transaction_read_only = on`: somebody protects this database, or this role, from changes. That is respected and said once, rather than
/// overridden, or found out table by table.
enum ReadOnlyDefault {
    /// - Parameters:
    ///   - source: `pg_settings.source`.
    ///   - database, role: whose setting it may be.
    static func failure(_ source: String, database: String, role: String) -> Failure {
        let (quotedDatabase, quotedRole): (Statement, Statement) = ("\(identifier: database)", "\(identifier: role)")
        let (database, role) = (quotedDatabase.sql, quotedRole.sql)
        let remedy =
            switch source {
            case "database": "ALTER DATABASE \(database) RESET default_transaction_read_only"
            case "user": "ALTER ROLE \(role) RESET default_transaction_read_only"
            case "database user": "ALTER ROLE \(role) IN DATABASE \(database) RESET default_transaction_read_only"
            case "client": "take default_transaction_read_only out of PGOPTIONS or of options= in DB_URL"
            default: "ALTER SYSTEM RESET default_transaction_read_only, and SELECT pg_reload_conf()"
            }
        return Failure(
            message:
                "default_transaction_read_only is on for \(role) in \(database): nothing may be changed here, and nothing was",
            sqlState: SQLState.readOnlyTransaction.rawValue,
            remedy: "if changes are meant to be made: \(remedy)"
        )
    }
}
