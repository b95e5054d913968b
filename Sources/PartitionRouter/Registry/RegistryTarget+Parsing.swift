// SPDX-License-Identifier: Apache-2.0
// Part of partition-cli. See LICENSE and CONTRIBUTING.md.

extension RedisTarget {
    /// - Parameter text: What follows `redis://`, without the query.
    init(
        _ text: String,
        tls: Bool,
        _ query: inout URLQuery,
        _ environment: [String: String]
    ) throws(RegistryURLError) {
        let authority = try URLAuthority(text, port: 6379)
        let variables = RegistryVariables(environment)
        var database = 0
        if !authority.path.isEmpty {
            guard let number = Int(authority.path), (0...1_000_000).contains(number), String(number) == authority.path
            else {
                throw RegistryURLError(
                    "the path of a Redis URL is a database's number",
                    hint: "a slash, a question mark or an @ in the password must be percent-encoded"
                )
            }
            database = number
        }
        let files = try RegistryTLS(&query, variables)
        self.init(
            endpoints: authority.endpoints,
            tls: tls ? files : nil,
            user: authority.user ?? variables["USER"],
            password: (authority.password ?? variables["PASSWORD"]).map(Secret.init),
            passwordFile: variables["PASSWORD_FILE"],
            database: database,
            replicas: try query.takeNumber("replicas", 0...100) ?? 0,
            timeToLive: try query.takeNumber("ttl", 1...31_536_000),
            timeout: try query.takeTimeout()
        )
    }
}

extension HTTPTarget {
    /// - Parameter text: What follows `etcd://`, without the query.
    init(
        etcd text: String,
        tls: Bool,
        _ query: inout URLQuery,
        _ environment: [String: String]
    ) throws(RegistryURLError) {
        let authority = try URLAuthority(text, port: 2379)
        let variables = RegistryVariables(environment)
        let user = authority.user ?? variables["USER"]
        let password = authority.password ?? variables["PASSWORD"]
        let file = variables["PASSWORD_FILE"]
        guard (user == nil) == (password == nil && file == nil) else {
            throw RegistryURLError("etcd's user and password come together", hint: "etcd://user:password@host")
        }
        try self.init(authority, tls: tls, user: user, secret: password, file: file, &query, variables)
    }

    /// - Parameter text: What follows `consul://`, without the query.
    init(
        consul text: String,
        tls: Bool,
        _ query: inout URLQuery,
        _ environment: [String: String]
    ) throws(RegistryURLError) {
        let authority = try URLAuthority(text, port: tls ? 8501 : 8500)
        let variables = RegistryVariables(environment)
        guard authority.user == nil else {
            throw RegistryURLError("Consul has tokens, no users", hint: "consul://:TOKEN@host, with the colon")
        }
        let token = authority.password ?? variables["TOKEN"]
        try self.init(authority, tls: tls, user: nil, secret: token, file: variables["TOKEN_FILE"], &query, variables)
    }

    private init(
        _ authority: URLAuthority,
        tls: Bool,
        user: String?,
        secret: String?,
        file: String?,
        _ query: inout URLQuery,
        _ variables: RegistryVariables
    ) throws(RegistryURLError) {
        guard authority.path.isEmpty else {
            throw RegistryURLError(
                "a registry URL of etcd or Consul has no path",
                hint: "prefix= puts keys apart; a slash in the password must be percent-encoded"
            )
        }
        // A token goes into a header; the two are held to one rule.
        guard secret?.utf8.contains(where: { $0 < 0x20 || $0 == 0x7F }) != true else {
            throw RegistryURLError("the registry's password or token has a control character in it")
        }
        let files = try RegistryTLS(&query, variables)
        self.init(
            endpoints: authority.endpoints,
            tls: tls ? files : nil,
            user: user,
            password: secret.map(Secret.init),
            passwordFile: file,
            timeout: try query.takeTimeout()
        )
    }
}

/// The variables of the environment that a registry URL is completed with.
private struct RegistryVariables {
    private let environment: [String: String]

    init(_ environment: [String: String]) {
        self.environment = environment
    }

    /// Nil for one that isn't set, or is empty.
    subscript(_ name: String) -> String? {
        environment["PARTITION_REGISTRY_" + name].flatMap { $0.isEmpty ? nil : $0 }
    }
}

extension RegistryTLS {
    fileprivate init(_ query: inout URLQuery, _ variables: RegistryVariables) throws(RegistryURLError) {
        self.init(
            certificateAuthority: query.take("ca") ?? variables["CA_FILE"],
            certificate: query.take("cert") ?? variables["CERT_FILE"],
            key: query.take("key") ?? variables["KEY_FILE"]
        )
        guard (certificate == nil) == (key == nil) else {
            throw RegistryURLError("a client certificate and its key come together: cert= and key=")
        }
    }
}

extension URLQuery {
    fileprivate mutating func takeTimeout() throws(RegistryURLError) -> Duration {
        .seconds(try takeNumber("timeout", 1...300) ?? 5)
    }
}

/// `[user[:password]@]host[:port][,host[:port]…][/path]`.
private struct URLAuthority {
    /// Nil for an empty one.
    var user: String?
    var password: String?
    /// At least one.
    var endpoints: [RegistryEndpoint] = []
    /// Without its slash.
    var path: String

    init(_ text: String, port: Int) throws(RegistryURLError) {
        let authority = text.prefix { $0 != "/" }
        path = String(text.dropFirst(authority.count + 1))
        var hosts = authority[...]
        if let at = authority.lastIndex(of: "@") {
            let halves = authority[..<at].split(separator: ":", maxSplits: 1, omittingEmptySubsequences: false)
            user = try URLQuery.decoded(halves[0])
            password = halves.count > 1 ? try URLQuery.decoded(halves[1]) : nil
            hosts = authority[authority.index(after: at)...]
        }
        if user?.isEmpty == true { user = nil }
        for host in hosts.split(separator: ",", omittingEmptySubsequences: false) {
            endpoints.append(try Self.endpoint(host, port))
        }
    }

    private static func endpoint(_ text: Substring, _ port: Int) throws(RegistryURLError) -> RegistryEndpoint {
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
        guard !rest.isEmpty else { return RegistryEndpoint(host: String(host), port: port) }
        let digits = rest.dropFirst()
        guard rest.hasPrefix(":"), digits.utf8.count <= 5, URLQuery.isDigits(digits), let port = Int(digits),
            (1...65_535).contains(port)
        else {
            throw RegistryURLError("a port in the registry URL isn't a number from 1 to 65535")
        }
        return RegistryEndpoint(host: String(host), port: port)
    }
}
