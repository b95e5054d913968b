// SPDX-License-Identifier: Apache-2.0
// Part of partition-cli. See LICENSE and CONTRIBUTING.md.

import CLibPQ

/// libpq's connection strings.
enum Conninfo {
    /// The settings that the string makes.
    static func parse(_ conninfo: String) throws(PostgresError) -> [String: String] {
        if conninfo.allSatisfy(\.isWhitespace) {
            throw PostgresError(
                .protocolMisuse,
                "the connection string is empty",
                hint: "Give a URI such as postgresql://user@host:5432/database or key=value pairs such as "
                    + "'host=… dbname=…'; is the variable it comes from set?"
            )
        }
        if conninfo.utf8.contains(0) { throw malformed() }
        try rejectAmbiguousURI(conninfo)
        var message: UnsafeMutablePointer<CChar>?
        defer { PQfreemem(message) }
        guard let options = PQconninfoParse(conninfo, &message) else { throw malformed() }
        defer { PQconninfoFree(options) }
        let settings = read(options)
        if let port = settings["port"], !port.allSatisfy({ $0.isASCII && $0.isNumber || $0 == "," || $0 == " " }) {
            throw malformed()
        }
        if settings["host"]?.dropFirst().contains("@") == true { throw malformed() }
        return settings
    }

    /// What libpq takes for settings that a string leaves out.
    static func defaults() -> [String: String] {
        guard let options = PQconndefaults() else { return [:] }
        defer { PQconninfoFree(options) }
        return read(options)
    }

    /// In `postgresql://u:pa/ss@host/db` libpq sees the host `u`, the port `pa` and the database `ss@host/db`, and would
    /// repeat them in its messages. An "@" anywhere but between user and host is such a case.
    private static func rejectAmbiguousURI(_ conninfo: String) throws(PostgresError) {
        guard let scheme = ["postgresql://", "postgres://"].first(where: { conninfo.hasPrefix($0) }) else { return }
        let path = conninfo.dropFirst(scheme.count).prefix { $0 != "?" }
        guard let at = path.firstIndex(of: "@") else { return }
        if path[..<at].contains("/") || path[path.index(after: at)...].contains("@") {
            throw malformed(
                hint: "In a URI write @ as %40, / as %2F, : as %3A and ? as %3F inside user, password and database."
            )
        }
    }

    // libpq's own message is dropped on purpose: it quotes the part it stumbled over.
    private static func malformed(hint: String? = nil) -> PostgresError {
        PostgresError(
            .protocolMisuse,
            "the connection string is not one that libpq understands",
            hint: hint
                ?? "Give a URI such as postgresql://user@host:5432/database (special characters as %XX) or key=value pairs "
                + "such as \"host=… dbname=… password='…'\" (values with spaces in quotes)."
        )
    }

    private static func read(_ options: UnsafeMutablePointer<PQconninfoOption>) -> [String: String] {
        var settings: [String: String] = [:]
        var option = options
        while let keyword = option.pointee.keyword {
            if let value = option.pointee.val { settings[String(cString: keyword)] = String(cString: value) }
            option += 1
        }
        return settings
    }
}
