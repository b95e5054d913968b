// SPDX-License-Identifier: Apache-2.0
// Part of partition-cli. See LICENSE and CONTRIBUTING.md.

import ArgumentParser
import LibPQ

/// Which database.
struct DatabaseOptions: ParsableArguments, Sendable {
    @Option(
        name: .customLong("db-url"),
        help: ArgumentHelp(
            """
            Which database: a postgresql:// URI or key=value pairs, as for psql. (default: $DB_URL, else the policy \
            file's, else libpq's PG… variables)
            """,
            valueName: "url"
        ),
        completion: .list(["postgresql://"])
    )
    var databaseURL: String?

    /// Whether somebody said it before the policy file is asked.
    func isGiven(_ environment: [String: String]) -> Bool {
        databaseURL != nil || environment["DB_URL"] != nil
    }

    /// - Parameter policy: what the policy file says, if anything.
    /// - Throws: ``CommandFailure`` of status `usage`; its text holds no part of the string that could be a password.
    func configuration(_ environment: [String: String], policy: String? = nil) throws -> ConnectionConfiguration {
        try Self.configuration(databaseURL, environment, policy: policy)
    }

    /// - Parameter databaseURL: nil where no option was given.
    static func configuration(
        _ databaseURL: String?,
        _ environment: [String: String],
        policy: String? = nil
    ) throws -> ConnectionConfiguration {
        if let databaseURL { return try configuration(databaseURL, from: "--db-url") }
        if let variable = environment["DB_URL"] { return try configuration(variable, from: "DB_URL") }
        if let policy { return try configuration(policy, from: "\"database\" of the policy file") }
        guard libpqVariables.contains(where: { !environment[$0, default: ""].isEmpty }) else {
            throw CommandFailure(
                .usage,
                "no database is given",
                remedy:
                    "give --db-url=postgresql://user@host:5432/database, or set DB_URL or libpq's PGHOST, PGDATABASE, …"
            )
        }
        return try configuration("postgresql://", from: "the PG… variables")
    }

    /// Any of these says which server or database; without one libpq would guess.
    private static let libpqVariables = ["PGHOST", "PGHOSTADDR", "PGPORT", "PGDATABASE", "PGUSER", "PGSERVICE"]

    private static func configuration(_ text: String, from source: String) throws -> ConnectionConfiguration {
        guard !text.allSatisfy(\.isWhitespace) else { throw EmptyURL.database(source) }
        try refuseForeignScheme(text, from: source)
        do {
            var configuration = try ConnectionConfiguration(text)
            configuration.source = source
            return configuration
        } catch {
            throw CommandFailure(.usage, "\(source): \(error.message)", remedy: error.hint)
        }
    }

    private static func refuseForeignScheme(_ text: String, from source: String) throws(CommandFailure) {
        let scheme = text.prefix { $0 != ":" }.lowercased()
        guard scheme.count < text.count else { return }
        if scheme == "jdbc" {
            throw CommandFailure(
                .usage,
                "\(source) is a JDBC URL",
                remedy: "leave out \"jdbc:\", and write user and password as postgresql://user:password@host/database"
            )
        }
        if scheme.hasPrefix("postgres"), let plus = scheme.firstIndex(of: "+") {
            throw CommandFailure(
                .usage,
                "\(source) names a Python driver",
                remedy: "leave out \"\(scheme[plus...])\": postgresql://…"
            )
        }
        let isPlain = scheme.allSatisfy { $0.isASCII && ($0.isLetter || $0.isNumber) } && scheme.count <= 12
        if text.contains("://"), isPlain, scheme != "postgresql", scheme != "postgres" {
            throw CommandFailure(
                .usage,
                "\(source) is a URL of \(scheme)://, not of PostgreSQL",
                remedy: "give postgresql://user@host:5432/database"
            )
        }
    }
}
