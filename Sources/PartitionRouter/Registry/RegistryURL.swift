// SPDX-License-Identifier: Apache-2.0
// Part of partition-cli. See LICENSE and CONTRIBUTING.md.

/// Where a registry is, as `--registry-url` says it.
///
/// Forms: `redis://[user[:password]@]host[:port][,host[:port]…][/database]` (`rediss://` with TLS), any `postgres://` or
/// `postgresql://` URI that libpq takes, `self` (the database being provisioned) and `none`.
///
/// Parameters: `prefix` (all but `none`); for Redis `replicas` (how many must confirm a publish), `ttl` (seconds, for
/// test environments), `timeout` (seconds), `ca`, `cert`, `key` (PEM files). Credentials and files that the URL doesn't
/// give come from the environment: `PARTITION_REGISTRY_USER`, `…_PASSWORD`, `…_PASSWORD_FILE`, `…_CA_FILE`,
/// `…_CERT_FILE`, `…_KEY_FILE`.
public struct RegistryURL: Sendable, Hashable, CustomStringConvertible {
    /// The kind of store.
    public enum Kind: Sendable, Hashable {
        case redis(RedisTarget)
        /// The URI for libpq, without this tool's own parameters.
        case postgres(conninfo: Secret)
        /// The embedded default: a schema in the database being provisioned.
        case selfDatabase
        /// Nothing is published.
        case none
    }

    public let kind: Kind
    /// Stands before every key, so that several installations can share a store. Empty by default.
    public let prefix: String
    /// The URL without password and parameters.
    public let redactedDescription: String

    public var description: String { redactedDescription }

    init(kind: Kind, prefix: String, redactedDescription: String) {
        self.kind = kind
        self.prefix = prefix
        self.redactedDescription = redactedDescription
    }
}

/// How to reach Redis.
public struct RedisTarget: Sendable, Hashable {
    public struct Endpoint: Sendable, Hashable, CustomStringConvertible {
        public let host: String
        public let port: Int

        public init(host: String, port: Int = 6379) {
            self.host = host
            self.port = port
        }

        public var description: String { host.contains(":") ? "[\(host)]:\(port)" : "\(host):\(port)" }
    }

    /// PEM files; nil means the system's certificate authorities and no client certificate.
    public struct TLS: Sendable, Hashable {
        public var certificateAuthority: String?
        public var certificate: String?
        public var key: String?

        public init(certificateAuthority: String? = nil, certificate: String? = nil, key: String? = nil) {
            self.certificateAuthority = certificateAuthority
            self.certificate = certificate
            self.key = key
        }
    }

    /// At least one; tried in order until one is the primary.
    public var endpoints: [Endpoint]
    /// Nil for a plain connection.
    public var tls: TLS?
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
        endpoints: [Endpoint],
        tls: TLS? = nil,
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

/// Why a registry URL can't be used. It never quotes the URL.
public struct RegistryURLError: Error, Hashable, Sendable, CustomStringConvertible {
    /// One sentence.
    public let message: String
    /// What to do about it, where there is something to say.
    public let hint: String?

    init(_ message: String, hint: String? = nil) {
        self.message = message
        self.hint = hint
    }

    public var description: String { hint.map { "\(message) (\($0))" } ?? message }
}
