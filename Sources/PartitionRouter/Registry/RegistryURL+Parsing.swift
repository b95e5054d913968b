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
        let rest = base.contains("://") ? String(base.dropFirst(scheme.count + 3)) : ""
        switch (scheme, base.contains("://")) {
        case ("self", false):
            try query.mustBeEmpty(known: "prefix")
            self.init(kind: .selfDatabase, prefix: prefix, redactedDescription: "self")
        case ("none", false):
            try query.mustBeEmpty(known: "none")
            self.init(kind: .none, prefix: "", redactedDescription: "none")
        case ("redis", true), ("rediss", true):
            let target = try RedisTarget(rest, tls: scheme == "rediss", &query, environment)
            try query.mustBeEmpty(known: "prefix replicas ttl timeout ca cert key")
            let place = Self.redacted(scheme, target.endpoints)
            self.init(kind: .redis(target), prefix: prefix, redactedDescription: "\(place)/\(target.database)")
        case ("etcd", true), ("etcds", true):
            let target = try HTTPTarget(etcd: rest, tls: scheme == "etcds", &query, environment)
            try query.mustBeEmpty(known: "prefix timeout ca cert key")
            let place = Self.redacted(scheme, target.endpoints)
            self.init(kind: .etcd(target), prefix: prefix, redactedDescription: place)
        case ("consul", true), ("consuls", true):
            let target = try HTTPTarget(consul: rest, tls: scheme == "consuls", &query, environment)
            try query.mustBeEmpty(known: "prefix timeout ca cert key")
            let place = Self.redacted(scheme, target.endpoints)
            self.init(kind: .consul(target), prefix: prefix, redactedDescription: place)
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
        let known = "known: redis:// rediss:// etcd:// etcds:// consul:// consuls:// postgres:// self none"
        switch scheme {
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

    /// Without the user: a password is easily written in its place.
    private static func redacted(_ scheme: String, _ endpoints: [RegistryEndpoint]) -> String {
        "\(scheme)://\(endpoints.map(\.description).joined(separator: ","))"
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
