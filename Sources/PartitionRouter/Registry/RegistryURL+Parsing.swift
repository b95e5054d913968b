// SPDX-License-Identifier: Apache-2.0
// Part of partition-cli. See LICENSE and CONTRIBUTING.md.

extension RegistryURL {
    /// Reads a URL.
    ///
    /// - Parameters:
    ///   - text: The URL. Empty means a variable that wasn't set, which is an error: nothing is guessed.
    ///   - environment: Where credentials and files are looked up that the URL doesn't give.
    /// - Throws: ``RegistryURLError``.
    public init(parsing text: String, environment: [String: String] = [:]) throws(RegistryURLError) {
        guard text.utf8.contains(where: { $0 > 0x20 }) else {
            throw RegistryURLError(
                "the registry URL is empty",
                hint: "an unset variable? Say none to publish nowhere, self for the database"
            )
        }
        guard text.utf8.allSatisfy({ $0 > 0x20 && $0 != 0x7F }) else {
            throw RegistryURLError("the registry URL has a space or a control character in it")
        }
        let halves = text.split(separator: "?", maxSplits: 1, omittingEmptySubsequences: false)
        var query = try URLQuery(halves.count > 1 ? String(halves[1]) : "")
        let prefix = try Self.prefix(query.take("prefix"))
        let base = String(halves[0])
        let scheme = base.split(separator: ":", maxSplits: 1).first.map { $0.lowercased() } ?? ""
        switch (scheme, base.contains("://")) {
        case ("self", false):
            try query.mustBeEmpty()
            self.init(kind: .selfDatabase, prefix: prefix, redactedDescription: "self")
        case ("none", false):
            try query.mustBeEmpty()
            self.init(kind: .none, prefix: "", redactedDescription: "none")
        case ("redis", true), ("rediss", true):
            let rest = String(base.dropFirst(scheme.count + 3))
            let target = try RedisTarget(rest, tls: scheme == "rediss", &query, environment)
            try query.mustBeEmpty()
            // Without the user: a password is easily written in its place.
            let hosts = target.endpoints.map(\.description).joined(separator: ",")
            self.init(
                kind: .redis(target),
                prefix: prefix,
                redactedDescription: "\(scheme)://\(hosts)/\(target.database)"
            )
        case ("postgres", true), ("postgresql", true):
            let conninfo = base + (query.rest.isEmpty ? "" : "?\(query.rest)")
            self.init(
                kind: .postgres(conninfo: Secret(conninfo)),
                prefix: prefix,
                redactedDescription: Self.redactedPostgres(scheme, base)
            )
        default:
            throw Self.unknown(scheme)
        }
    }

    private static func unknown(_ scheme: String) -> RegistryURLError {
        let known = "known: redis:// rediss:// postgres:// self none"
        switch scheme {
        case "etcd", "etcds", "consul", "consuls":
            return RegistryURLError("this version has no \(scheme) registry", hint: known)
        case "jdbc":
            return RegistryURLError("a registry URL doesn't begin with jdbc:", hint: "leave that prefix out")
        default:
            if scheme.hasPrefix("postgres") {
                return RegistryURLError("a registry URL has no driver's name in its scheme", hint: "postgresql://…")
            }
            // What isn't a scheme at all may be a password that lost its URL: it isn't repeated.
            return RegistryURLError("the registry URL has an unknown scheme", hint: known)
        }
    }

    /// Prefixes become part of keys, channels, glob patterns and slots: only characters that mean nothing there.
    private static func prefix(_ text: String?) throws(RegistryURLError) -> String {
        guard let text else { return "" }
        let isPlain = text.utf8.allSatisfy { byte in
            (0x30...0x39).contains(byte) || (0x41...0x5A).contains(byte) || (0x61...0x7A).contains(byte)
                || [UInt8(ascii: "_"), UInt8(ascii: "-"), UInt8(ascii: "."), UInt8(ascii: ":")].contains(byte)
        }
        guard isPlain, text.utf8.count <= 128 else {
            throw RegistryURLError("prefix= has at most 128 letters, digits and _ - . :")
        }
        return text
    }

    private static func redactedPostgres(_ scheme: String, _ base: String) -> String {
        let rest = base.dropFirst(scheme.count + 3)
        let authority = rest.prefix { $0 != "/" }
        let path = rest.dropFirst(authority.count)
        // A slash in a password ends the authority too early; then nothing is shown rather than half a password.
        guard !path.contains("@") else { return "\(scheme)://•••" }
        guard let at = authority.lastIndex(of: "@") else { return "\(scheme)://\(rest)" }
        let user = authority[..<at].prefix { $0 != ":" }
        return "\(scheme)://\(user)\(authority[at...])\(path)"
    }
}

extension RedisTarget {
    /// - Parameter text: What follows `redis://`, without the query.
    fileprivate init(
        _ text: String,
        tls: Bool,
        _ query: inout URLQuery,
        _ environment: [String: String]
    ) throws(RegistryURLError) {
        func variable(_ name: String) -> String? {
            environment["PARTITION_REGISTRY_" + name].flatMap { $0.isEmpty ? nil : $0 }
        }
        let authority = text.prefix { $0 != "/" }
        let path = text.dropFirst(authority.count + 1)
        var hosts = authority[...]
        var (user, password): (String?, String?)
        if let at = authority.lastIndex(of: "@") {
            let halves = authority[..<at].split(separator: ":", maxSplits: 1, omittingEmptySubsequences: false)
            user = try URLQuery.decoded(halves[0])
            password = halves.count > 1 ? try URLQuery.decoded(halves[1]) : nil
            hosts = authority[authority.index(after: at)...]
        }
        if user?.isEmpty == true { user = nil }
        var database = 0
        if !path.isEmpty {
            guard let number = Int(path), (0...1_000_000).contains(number), String(number) == path else {
                throw RegistryURLError(
                    "the path of a Redis URL is a database's number",
                    hint: "a slash, a question mark or an @ in the password must be percent-encoded"
                )
            }
            database = number
        }
        var endpoints: [Endpoint] = []
        for host in hosts.split(separator: ",", omittingEmptySubsequences: false) {
            endpoints.append(try Self.endpoint(host))
        }
        let files = TLS(
            certificateAuthority: query.take("ca") ?? variable("CA_FILE"),
            certificate: query.take("cert") ?? variable("CERT_FILE"),
            key: query.take("key") ?? variable("KEY_FILE")
        )
        guard (files.certificate == nil) == (files.key == nil) else {
            throw RegistryURLError("a client certificate and its key come together: cert= and key=")
        }
        self.init(
            endpoints: endpoints,
            tls: tls ? files : nil,
            user: user ?? variable("USER"),
            password: (password ?? variable("PASSWORD")).map(Secret.init),
            passwordFile: variable("PASSWORD_FILE"),
            database: database,
            replicas: try query.takeNumber("replicas", 0...100) ?? 0,
            timeToLive: try query.takeNumber("ttl", 1...31_536_000),
            timeout: .seconds(try query.takeNumber("timeout", 1...300) ?? 5)
        )
    }

    private static func endpoint(_ text: Substring) throws(RegistryURLError) -> Endpoint {
        var (host, rest) = (text.prefix { $0 != ":" }, text)
        if text.hasPrefix("[") {
            // An IPv6 address, whose colons aren't the port's.
            host = text.dropFirst().prefix { $0 != "]" }
            rest = text.dropFirst(host.count + 1)
            guard rest.hasPrefix("]") else {
                throw RegistryURLError("an IPv6 address in the registry URL isn't closed")
            }
            rest = rest.dropFirst()
        } else {
            rest = text.dropFirst(host.count)
        }
        guard !host.isEmpty else { throw RegistryURLError("the registry URL has no host") }
        guard !rest.isEmpty else { return Endpoint(host: String(host)) }
        guard rest.hasPrefix(":"), let port = Int(rest.dropFirst()), (1...65_535).contains(port) else {
            throw RegistryURLError("a port in the registry URL isn't a number from 1 to 65535")
        }
        return Endpoint(host: String(host), port: port)
    }
}
