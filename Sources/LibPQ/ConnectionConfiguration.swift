// SPDX-License-Identifier: Apache-2.0
// Part of partition-cli. See LICENSE and CONTRIBUTING.md.

/// Where and how to connect: libpq's connection string plus bounds for everything that could otherwise wait for ever.
///
/// `PG*` variables, `.pgpass`, service files and TLS settings are left to libpq. The value holds the password, if
/// the string has one, and never shows it: print ``redactedDescription``.
package struct ConnectionConfiguration: Sendable {
    /// What the string says.
    var explicit: [String: String]
    /// What libpq would use for what the string leaves out: `PG*` variables and compiled-in values.
    let defaults: [String: String]

    /// Shown in `pg_stat_activity` and the server's log. The user's `application_name` or `PGAPPNAME`, else
    /// `partition-cli`.
    package var applicationName: String
    /// For each host of the list. The user's `connect_timeout` or `PGCONNECT_TIMEOUT` if positive, else 10 s. Name
    /// resolution is not included: libpq leaves it to the resolver's own limits.
    package var connectTimeout: Duration
    /// Where the string is from, for messages: `DB_URL`, `--db-url`. nil where nobody said.
    package var source: String?
    /// How long the server may take to end a statement after it was asked to, before the connection is closed.
    package var cancelGrace: Duration = .seconds(5)
    /// How long sent data may stay unacknowledged before the kernel gives up the connection. Only used when neither
    /// the string nor the environment sets `tcp_user_timeout`.
    package var tcpUserTimeout: Duration = .seconds(30)
    /// How long a statement is waited for that says nothing else; nil is for ever. Behind a proxy that takes what is sent and passes
    /// nothing on the kernel sees a healthy connection: only a limit of our own ends the waiting.
    package var statementLimit: Duration?
    /// When all waiting ends, whatever a statement or an attempt to connect may still have; nil is never. The grace of a request to
    /// cancel comes on top.
    package var waitsUntil: ContinuousClock.Instant?

    /// - Parameter conninfo: a URI or key=value string, as libpq takes it.
    /// - Throws: ``PostgresError`` of kind `protocolMisuse` for an empty string, one that can't be parsed, and a value that libpq doesn't know. The
    ///   message never repeats any part of the string: with a password that is not quoted properly, every part of it
    ///   could be the password.
    package init(_ conninfo: String) throws(PostgresError) {
        explicit = try Conninfo.parse(conninfo)
        defaults = Conninfo.defaults()
        try Conninfo.validate(defaults.merging(explicit) { _, said in said })
        applicationName = explicit["application_name"] ?? defaults["application_name"] ?? "partition-cli"
        let seconds = (explicit["connect_timeout"] ?? defaults["connect_timeout"]).flatMap { Int64($0) } ?? 0
        connectTimeout = seconds > 0 ? .seconds(seconds) : .seconds(10)
    }

    /// The same server, user and settings, another database.
    package func database(_ name: String) -> ConnectionConfiguration {
        var copy = self
        copy.explicit["dbname"] = name
        return copy
    }

    /// The host, host list or socket directory; nil for libpq's default socket.
    package var host: String? { effective("host") ?? effective("hostaddr") }
    package var port: String? { effective("port") }
    package var user: String? { effective("user") }
    /// The database, which for libpq is named like the user when nothing says otherwise. nil when a service file decides.
    package var database: String? {
        effective("dbname") ?? (effective("service") == nil ? user : nil)
    }
    /// Whether the string, the environment or a service names the database, rather than libpq's fallback.
    package var namesDatabase: Bool {
        effective("dbname") != nil || effective("service") != nil
    }

    /// The time that something may take that begins now.
    ///
    /// - Parameter limit: its own; nil is for ever.
    func patience(_ limit: Duration?) -> Duration? {
        guard let waitsUntil else { return limit }
        let left = max(.milliseconds(1), waitsUntil - .now)
        return limit.map { min($0, left) } ?? left
    }

    func effective(_ keyword: String) -> String? {
        let value = explicit[keyword] ?? defaults[keyword]
        return value?.isEmpty == true ? nil : value
    }

    /// For people: `postgresql://user@host:5432/database`. No password and no other setting.
    package var redactedDescription: String {
        let who = user.map { "\($0)@" } ?? ""
        let what = database ?? ""
        guard let host else { return "postgresql://\(who)/\(what)" }
        if host.hasPrefix("/") || host.hasPrefix("@") {
            return "postgresql://\(who)/\(what)?host=\(host)" + (port.map { "&port=\($0)" } ?? "")
        }
        let hosts = host.split(separator: ",", omittingEmptySubsequences: false)
        let ports = (port ?? "").split(separator: ",", omittingEmptySubsequences: false)
        let places = hosts.enumerated().map { index, name in
            let port = ports.count == 1 ? ports.first : ports.indices.contains(index) ? ports[index] : nil
            let bracketed = name.contains(":") ? "[\(name)]" : String(name)
            return port.map { $0.isEmpty ? bracketed : "\(bracketed):\($0)" } ?? bracketed
        }
        return "postgresql://\(who)\(places.joined(separator: ","))/\(what)"
    }
}

extension ConnectionConfiguration: CustomStringConvertible, CustomDebugStringConvertible, CustomReflectable {
    package var description: String { redactedDescription }
    package var debugDescription: String { redactedDescription }
    /// `dump` and failed test expectations print mirrors; this one has no password in it.
    package var customMirror: Mirror { Mirror(self, children: ["description": redactedDescription]) }
}
