// SPDX-License-Identifier: Apache-2.0
// Part of partition-cli. See LICENSE and CONTRIBUTING.md.

import PartitionRouter
import Testing

@Suite("A registry URL")
struct RegistryURLTests {
    private func redis(_ text: String, _ environment: [String: String] = [:]) throws -> RedisTarget {
        let url = try RegistryURL(parsing: text, environment: environment)
        guard case .redis(let target) = url.kind else { throw RegistryError(.unsupported, "not Redis") }
        return target
    }

    @Test("of Redis says hosts, user, password, database and parameters")
    func redisForms() throws {
        let plain = try redis("redis://cache")
        #expect(plain == RedisTarget(endpoints: [.init(host: "cache", port: 6379)]))
        let full = try redis(
            "rediss://us%40er:p%3Aw%2F@a:7000,[::1]:7001,b/3?replicas=2&ttl=60&timeout=9&ca=/ca&cert=/c&key=/k&prefix=x:"
        )
        #expect(full.endpoints.map(\.description) == ["a:7000", "[::1]:7001", "b:6379"])
        #expect(full.user == "us@er")
        #expect(full.password?.reveal() == "p:w/")
        #expect(full.database == 3)
        #expect(full.replicas == 2)
        #expect(full.timeToLive == 60)
        #expect(full.timeout == .seconds(9))
        #expect(full.tls == .init(certificateAuthority: "/ca", certificate: "/c", key: "/k"))
        #expect(try RegistryURL(parsing: "redis://a?prefix=x:").prefix == "x:")
    }

    @Test("leaves credentials and files to the environment")
    func environment() throws {
        let environment = [
            "PARTITION_REGISTRY_USER": "u", "PARTITION_REGISTRY_PASSWORD": "p",
            "PARTITION_REGISTRY_PASSWORD_FILE": "/f",
            "PARTITION_REGISTRY_CA_FILE": "/ca", "PARTITION_REGISTRY_CERT_FILE": "/c",
            "PARTITION_REGISTRY_KEY_FILE": "/k",
        ]
        let target = try redis("rediss://h", environment)
        #expect(target.user == "u")
        #expect(target.password?.reveal() == "p")
        #expect(target.passwordFile == "/f")
        #expect(target.tls == .init(certificateAuthority: "/ca", certificate: "/c", key: "/k"))
        let own = try redis("redis://v:q@h", environment)
        #expect(own.user == "v")
        #expect(own.password?.reveal() == "q")
        #expect(try redis("redis://h", ["PARTITION_REGISTRY_PASSWORD": ""]).password == nil)
    }

    private func http(_ text: String, _ environment: [String: String] = [:]) throws -> HTTPTarget {
        switch try RegistryURL(parsing: text, environment: environment).kind {
        case .etcd(let target), .consul(let target): return target
        default: throw RegistryError(.unsupported, "neither etcd nor Consul")
        }
    }

    @Test("of etcd and Consul says hosts, user and password or token, and parameters")
    func httpForms() throws {
        #expect(try http("etcd://h") == HTTPTarget(endpoints: [.init(host: "h", port: 2379)]))
        #expect(try http("consul://h").endpoints.map(\.port) == [8500])
        #expect(try http("consuls://h,[::1]:1").endpoints.map(\.description) == ["h:8501", "[::1]:1"])
        let full = try http("etcds://u%40:p%3A@a:1,b?ca=/ca&cert=/c&key=/k&timeout=9&prefix=x")
        #expect(full.endpoints.map(\.description) == ["a:1", "b:2379"])
        #expect(full.user == "u@" && full.password?.reveal() == "p:")
        #expect(full.tls == .init(certificateAuthority: "/ca", certificate: "/c", key: "/k"))
        #expect(full.timeout == .seconds(9))
        #expect(try http("consul://:tok%20en@h").password?.reveal() == "tok en")
        #expect(
            try RegistryURL(parsing: "etcd://u:secret@h,i:7?prefix=x").redactedDescription
                == "etcd://h:2379,i:7?prefix=x"
        )
        #expect(try RegistryURL(parsing: "consuls://:secret@h").redactedDescription == "consuls://h:8501")
        #expect(try RegistryURL(parsing: "etcd://h?prefix=x:").prefix == "x:")
    }

    @Test("of etcd and Consul leaves credentials and files to the environment")
    func httpEnvironment() throws {
        let environment = [
            "PARTITION_REGISTRY_USER": "u", "PARTITION_REGISTRY_PASSWORD": "p",
            "PARTITION_REGISTRY_PASSWORD_FILE": "/f", "PARTITION_REGISTRY_TOKEN": "t",
            "PARTITION_REGISTRY_TOKEN_FILE": "/tf", "PARTITION_REGISTRY_CA_FILE": "/ca",
        ]
        let etcd = try http("etcds://h", environment)
        #expect(etcd.user == "u" && etcd.password?.reveal() == "p" && etcd.passwordFile == "/f")
        #expect(etcd.tls?.certificateAuthority == "/ca")
        let consul = try http("consul://h", environment)
        #expect(consul.user == nil && consul.password?.reveal() == "t" && consul.passwordFile == "/tf")
        #expect(try http("consul://:own@h", environment).password?.reveal() == "own")
        let file = try http("etcd://u@h", ["PARTITION_REGISTRY_PASSWORD_FILE": "/f"])
        #expect(file.password == nil && file.passwordFile == "/f")
    }

    @Test("of PostgreSQL goes to libpq without what is ours")
    func postgres() throws {
        let url = try RegistryURL(
            parsing: "postgresql://u:p@h1,h2/db?sslmode=require&prefix=x&target_session_attrs=primary"
        )
        #expect(
            url.kind
                == .postgres(
                    conninfo: Secret("postgresql://u:p@h1,h2/db?sslmode=require&target_session_attrs=primary")
                )
        )
        #expect(url.prefix == "x")
        #expect(url.redactedDescription == "postgresql://u@h1,h2/db?prefix=x")
        #expect(try RegistryURL(parsing: "self").kind == .selfDatabase)
        #expect(try RegistryURL(parsing: "none").kind == .none)
    }

    @Test(
        "that can't be used is an error that doesn't repeat it",
        arguments: [
            "", "  ", "\n", "secret", "secret://x", "redis:", "redis://", "redis://secret@", "redis://h:secret",
            "redis://h:0",
            "redis://h:+5", "redis://[::1]:+5", "redis://h:000005", "redis://h:٥", "redis://h?timeout=+5",
            "redis://h?timeout=0000000005",
            "redis://h:70000", "redis://h/secret", "redis://h/-1", "redis://h/1/secret", "redis://u:a/secret@h",
            "redis://[::1",
            "redis://h,", "redis://h?Secret=1", "redis://u:a?secret@h", "redis://h?replicas=secret", "redis://h?ttl=0",
            "redis://h?timeout=", "redis://h?prefix={secret}", "redis://h?prefix=secret%0a", "redis://h?prefix=se%2A",
            "redis://%zz@h", "redis://%00@h", "redis://h secret", "rediss://h?cert=/c", "jdbc:postgresql://secret",
            "self?x-secret=1",
            "postgresql+psycopg://u:secret@h/db", "etcd://h/secret", "etcd://secret@h", "etcd://u:secret%0a@h",
            "etcd://:secret@h", "etcds://h?replicas=2",
            "etcd://u:a/secret@h", "etcd:", "etcd://", "consul://secret@h", "consul://u:secret@h",
            "consul://:se%0dcret@h",
            "consul://h/secret", "consuls://h?ttl=3", "consul://h?cert=/c", "zookeeper://secret", "REDIS//secret",
            "self://secret",
        ]
    )
    func errors(text: String) throws {
        let error = #expect(throws: RegistryURLError.self) { try RegistryURL(parsing: text) }
        #expect(error.map { "\($0) \($0.message) \($0.hint ?? "")" }?.contains("secret") == false)
    }

    @Test("names a mistyped parameter")
    func mistyped() {
        let error = #expect(throws: RegistryURLError.self) { try RegistryURL(parsing: "redis://h?replica=1") }
        #expect(error?.message.contains("replica") == true)
        #expect(error?.hint?.contains("replicas") == true)
        let other = #expect(throws: RegistryURLError.self) { try RegistryURL(parsing: "etcd://h?replicas=1") }
        #expect(other?.hint == "known: prefix timeout ca cert key")
    }

    @Test(
        "never prints a password",
        arguments: [
            "redis://u:secret@h/2", "redis://secret@h", "rediss://:secret@h?prefix=a",
            "postgres://u:secret@h/db?password=secret",
            "postgres://u:a/secret@h/db", "postgres://u:a@secret@h/db", "postgresql://u:secret@h",
            "etcd://u:secret@h", "etcds://u:secret@h,i?prefix=a", "consul://:secret@h", "consuls://:secret@h",
        ]
    )
    func redaction(text: String) throws {
        let url = try RegistryURL(parsing: text)
        for printed in ["\(url)", String(reflecting: url.kind), url.redactedDescription] {
            #expect(!printed.contains("a@secret") && !printed.contains(":secret") && !printed.contains("/secret"))
        }
        var dumped = ""
        dump(url, to: &dumped)
        #expect(!dumped.contains("secret") || text == "redis://secret@h")
        #expect(!url.redactedDescription.contains("secret"))
    }
}
