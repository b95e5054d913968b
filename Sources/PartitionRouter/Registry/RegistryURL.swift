// SPDX-License-Identifier: Apache-2.0
// Part of partition-cli. See LICENSE and CONTRIBUTING.md.

/// Where a registry is, as `--registry-url` says it.
///
/// Forms: `redis://[user[:password]@]host[:port][,host[:port]…][/database]`, `etcd://[user:password@]host[:port][,…]`,
/// `consul://[:token@]host[:port][,…]`, each of which has a form with TLS (`rediss://`, `etcds://`, `consuls://`); any `postgres://` or
/// `postgresql://` URI that libpq takes, `self` (the database being provisioned) and `none`.
///
/// Parameters: `prefix` (all but `none`); for Redis, etcd and Consul `timeout` (seconds), `ca`, `cert`, `key` (PEM files); for Redis alone
/// `replicas` (how many must confirm a publish) and `ttl` (seconds, for test environments). Credentials and files that the URL doesn't
/// give come from the environment: `PARTITION_REGISTRY_USER`, `…_PASSWORD`, `…_PASSWORD_FILE` (for Consul `…_TOKEN`, `…_TOKEN_FILE`),
/// `…_CA_FILE`, `…_CERT_FILE`, `…_KEY_FILE`.
public struct RegistryURL: Sendable, Hashable, CustomStringConvertible {
    /// The kind of store.
    public enum Kind: Sendable, Hashable {
        case redis(RedisTarget)
        case etcd(HTTPTarget)
        case consul(HTTPTarget)
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
        // Maps that aren't found are looked for there.
        self.redactedDescription = redactedDescription + (prefix.isEmpty ? "" : "?prefix=\(prefix)")
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
