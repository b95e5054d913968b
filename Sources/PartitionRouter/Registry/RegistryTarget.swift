// SPDX-License-Identifier: Apache-2.0
// Part of partition-cli. See LICENSE and CONTRIBUTING.md.

/// One server of a registry.
public struct RegistryEndpoint: Sendable, Hashable, CustomStringConvertible {
    public let host: String
    public let port: Int

    public init(host: String, port: Int) {
        self.host = host
        self.port = port
    }

    public var description: String { host.contains(":") ? "[\(host)]:\(port)" : "\(host):\(port)" }
}

/// PEM files; nil means the system's certificate authorities and no client certificate.
public struct RegistryTLS: Sendable, Hashable {
    public var certificateAuthority: String?
    public var certificate: String?
    public var key: String?

    public init(certificateAuthority: String? = nil, certificate: String? = nil, key: String? = nil) {
        self.certificateAuthority = certificateAuthority
        self.certificate = certificate
        self.key = key
    }
}

/// How to reach Redis.
public struct RedisTarget: Sendable, Hashable {
    /// At least one; tried in order until one is the primary.
    public var endpoints: [RegistryEndpoint]
    /// Nil for a plain connection.
    public var tls: RegistryTLS?
    /// Nil is Redis' user `default`.
    public var user: String?
    public var password: Secret?
    /// Read anew at every connect, so that a password can change; used when ``password`` is nil.
    public var passwordFile: String?
    /// Redis' database number.
    public var database: Int
    /// How many replicas must confirm a publish; 0 for none.
    public var replicas: Int
    /// Seconds until a map expires; nil for never.
    public var timeToLive: Int?
    /// For connecting, and for each command.
    public var timeout: Duration

    public init(
        endpoints: [RegistryEndpoint],
        tls: RegistryTLS? = nil,
        user: String? = nil,
        password: Secret? = nil,
        passwordFile: String? = nil,
        database: Int = 0,
        replicas: Int = 0,
        timeToLive: Int? = nil,
        timeout: Duration = .seconds(5)
    ) {
        self.endpoints = endpoints
        self.tls = tls
        self.user = user
        self.password = password
        self.passwordFile = passwordFile
        self.database = database
        self.replicas = replicas
        self.timeToLive = timeToLive
        self.timeout = timeout
    }
}

/// How to reach etcd or Consul.
public struct HTTPTarget: Sendable, Hashable {
    /// At least one; where one doesn't answer, the next is asked.
    public var endpoints: [RegistryEndpoint]
    /// Nil for a plain connection.
    public var tls: RegistryTLS?
    /// Nil for Consul, and where etcd asks for nobody's name.
    public var user: String?
    /// The user's password, or Consul's token.
    public var password: Secret?
    /// Read anew whenever it is needed, so that the secret can change; used when ``password`` is nil.
    public var passwordFile: String?
    /// For connecting, and for each question to one endpoint.
    public var timeout: Duration

    public init(
        endpoints: [RegistryEndpoint],
        tls: RegistryTLS? = nil,
        user: String? = nil,
        password: Secret? = nil,
        passwordFile: String? = nil,
        timeout: Duration = .seconds(5)
    ) {
        self.endpoints = endpoints
        self.tls = tls
        self.user = user
        self.password = password
        self.passwordFile = passwordFile
        self.timeout = timeout
    }
}
