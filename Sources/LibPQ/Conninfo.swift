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

    /// Refuses values that libpq would refuse only when it connects, with an error that can't be told from a server's that isn't there.
    ///
    /// - Parameters:
    ///   - settings: by keyword, of the string and the environment together.
    static func validate(_ settings: [String: String]) throws(PostgresError) {
        for (keyword, words) in words.sorted(by: { $0.key < $1.key }) {
            guard let value = settings[keyword], !value.isEmpty, !words.contains(value) else { continue }
            throw PostgresError(
                .protocolMisuse,
                "the value of \(keyword) is none of \(words.joined(separator: ", "))",
                hint: "See the connection string, and the variable PG\(keyword.uppercased().filter { $0 != "_" })."
            )
        }
        let ports = (settings["port"] ?? "").split(separator: ",").map { $0.filter { $0 != " " } }
        guard ports.allSatisfy({ Int($0).map((1...65_535).contains) ?? false }) else {
            throw PostgresError(
                .protocolMisuse,
                "a port is not a number from 1 to 65535",
                hint: "See the connection string, and the variable PGPORT."
            )
        }
    }

    /// What libpq 15 and later take (documentation, "Parameter Key Words"), for settings that people write.
    private static let words: [String: [String]] = [
        "sslmode": ["disable", "allow", "prefer", "require", "verify-ca", "verify-full"],
        "gssencmode": ["disable", "prefer", "require"],
        "channel_binding": ["disable", "prefer", "require"],
        "target_session_attrs": ["any", "read-write", "read-only", "primary", "standby", "prefer-standby"],
    ]

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
