// SPDX-License-Identifier: Apache-2.0
// Part of partition-cli. See LICENSE and CONTRIBUTING.md.

import PartitionMap
import PartitionRegistryHTTP
import PartitionRouter
import TestSupport
import Testing

@Suite("Access to etcd and Consul", .timeLimit(.minutes(5)))
struct StoreAccessTests {
    private static let programs = [StoreServer.Program.etcd, .consul]

    private func failure(_ body: () async throws -> Void) async -> RegistryError? {
        do {
            try await body()
            return nil
        } catch {
            return error as? RegistryError
        }
    }

    private func registry(_ text: String, _ environment: [String: String] = [:]) throws -> HTTPRegistry {
        try HTTPRegistry(try RegistryURL(parsing: text, environment: environment), logger: .test)
    }

    /// Users of etcd: `root`, and `stranger`, whose role lacks every key; both with this password.
    private func addUsers(_ server: StoreServer, password: String) async throws {
        for (path, body) in [
            ("user/add", #"{"name":"root","password":"\#(password)"}"#),
            ("user/grant", #"{"user":"root","role":"root"}"#), ("role/add", #"{"name":"none"}"#),
            ("user/add", #"{"name":"stranger","password":"\#(password)"}"#),
            ("user/grant", #"{"user":"stranger","role":"none"}"#), ("enable", "{}"),
        ] { try await server.good("POST", "/v3/auth/\(path)", body) }
    }

    private func token(_ server: StoreServer) async throws -> String {
        let body = #"{"name":"root","password":"sesame"}"#
        let answer = try await server.good("POST", "/v3/auth/authenticate", body)
        return String(try #require(answer.firstMatch(of: /"token":"([^"]+)"/)).1)
    }

    @Test("of a user of etcd works with the password alone, and goes on when its token is forgotten")
    func users() async throws {
        try await withStoreServer(.etcd) { server in
            let place = "127.0.0.1:\(server.port)"
            try await addUsers(server, password: "sesame")
            let file = "\(server.directory)/password"
            _ = try await RedisServer.run(["sh", "-c", "echo sesame > \(file)"])
            let environments = [
                ["PARTITION_REGISTRY_USER": "root", "PARTITION_REGISTRY_PASSWORD": "sesame"],
                ["PARTITION_REGISTRY_USER": "root", "PARTITION_REGISTRY_PASSWORD_FILE": file],
            ]
            for environment in environments {
                #expect(try await self.registry("etcd://\(place)", environment).load(events) == nil)
            }
            for text in ["etcd://\(place)", "etcd://root:wrong-secret@\(place)", "etcd://stranger:sesame@\(place)"] {
                let error = await failure { _ = try await self.registry(text).load(events) }
                #expect(error?.code == .refused, "\(error?.description ?? "")")
                #expect(error?.description.contains("secret") == false)
            }
            let stranger = try self.registry("etcd://stranger:sesame@\(place)")
            let map = try dailyMap(version: 1)
            #expect(await failure { _ = try await stranger.publish(map, replacing: nil) }?.code == .refused)

            let registry = try self.registry("etcd://root:sesame@\(place)?timeout=20")
            var replaced: PartitionMapHeader?
            for version in 1...3 as ClosedRange<Int64> {
                let map = try dailyMap(days: Int(version), version: version)
                #expect(try await registry.publish(map, replacing: replaced) == .published)
                replaced = map.header
                // All tokens are forgotten, first by the server's end.
                if version == 1 {
                    await server.kill()
                    try await server.start()
                } else {
                    let token = try await token(server)
                    #expect(try await server.ask("POST", "/v3/auth/disable", "{}", token: token).status == 200)
                    try await server.good("POST", "/v3/auth/enable", "{}")
                }
            }
            #expect(try await registry.load(events)?.header == replaced)
            let hints = await registry.changes(events)
            try await RegistryHintTests.whileRunning(registry) {
                #expect(await RegistryHintTests.next(hints) == .reconnected)
                let map = try dailyMap(days: 9, version: 4)
                _ = try await registry.publish(map, replacing: replaced)
                #expect(try await RegistryHintTests.version(above: 3, hints, registry) == 4)
            }
        }
    }

    @Test("of Consul takes a token whose policies hold the keys, and tells a denied publish from a lost race")
    func tokens() async throws {
        var options = StoreServer.Options()
        options.token = "11111111-2222-3333-4444-555555555555"
        try await withStoreServer(.consul, options) { server in
            let place = "127.0.0.1:\(server.port)"
            func made(_ name: String, _ policy: String) async throws -> String {
                let rules = #"key_prefix \"partition_map/\" { policy = \"\#(policy)\" }"#
                try await server.good("PUT", "/v1/acl/policy", #"{"Name":"\#(name)","Rules":"\#(rules)"}"#)
                let answer = try await server.good("PUT", "/v1/acl/token", #"{"Policies":[{"Name":"\#(name)"}]}"#)
                return String(try #require(answer.firstMatch(of: /"SecretID":"([^"]+)"/)).1)
            }
            let (writing, reading) = (try await made("publisher", "write"), try await made("router", "read"))
            let publisher = try self.registry("consul://:\(writing)@\(place)")
            let map = try dailyMap(version: 1)
            #expect(try await publisher.publish(map, replacing: nil) == .published)
            #expect(try await publisher.entities() == [events])
            let file = "\(server.directory)/token"
            _ = try await RedisServer.run(["sh", "-c", "echo \(reading) > \(file)"])
            let router = try self.registry("consul://\(place)", ["PARTITION_REGISTRY_TOKEN_FILE": file])
            #expect(try await router.load(events) == map)
            let second = try dailyMap(days: 5, version: 2)
            #expect(await failure { _ = try await router.publish(second, replacing: map.header) }?.code == .refused)
            #expect(await failure { _ = try await router.remove(events, replacing: map.header) }?.code == .refused)
            for text in ["consul://\(place)", "consul://:wrong-secret@\(place)"] {
                let error = await failure { _ = try await self.registry(text).load(events) }
                #expect(error?.code == .refused, "\(error?.description ?? "")")
                #expect(error?.description.contains("secret") == false)
            }
            #expect(try await publisher.load(events) == map)
            #expect(try await publisher.publish(second, replacing: map.header) == .published)
        }
    }

    @Test(
        "over TLS verifies authority and name, and shows its own certificate where it is asked for",
        arguments: programs
    )
    func transportSecurity(program: StoreServer.Program) async throws {
        var options = StoreServer.Options()
        options.usesTLS = true
        options.demandsClientCertificate = true
        options.addresses = ["127.0.0.1", "127.0.0.2"]
        try await withStoreServer(program, options) { server in
            let (scheme, port) = ("\(program)s", server.port)
            let files = "ca=\(server.directory)/ca.crt&timeout=5"
            let identity = "cert=\(server.directory)/client.crt&key=\(server.directory)/client.key"
            for host in ["127.0.0.1", "localhost"] {
                let registry = try self.registry("\(scheme)://\(host):\(port)?\(files)&\(identity)")
                let header = try await registry.header(events)
                let map = try dailyMap(version: (header?.version ?? 0) + 1)
                #expect(try await registry.publish(map, replacing: header) == .published)
            }
            for text in [
                "\(scheme)://127.0.0.1:\(port)?timeout=5&\(identity)", "\(scheme)://127.0.0.1:\(port)?ca=/nonexistent",
                "\(scheme)://127.0.0.1:\(port)?\(files)&cert=/n&key=/n",
                // A certificate of 127.0.0.1, shown by 127.0.0.2.
                "\(scheme)://127.0.0.2:\(port)?\(files)&\(identity)",
            ] {
                let error = await failure { _ = try await self.registry(text).load(events) }
                #expect(error?.code == .refused, "\(text): \(error?.description ?? "")")
            }
            // The server's refusal races with its closing of the connection.
            let anonymous = await failure {
                _ = try await self.registry("\(scheme)://127.0.0.1:\(port)?\(files)").load(events)
            }
            #expect(anonymous?.code == .refused || anonymous?.code == .unreachable)
            #expect(anonymous?.hint?.contains("cert= and key=") == true, "\(anonymous?.description ?? "")")
            let plain = await failure {
                _ = try await self.registry("\(program)://127.0.0.1:\(port)?timeout=5").load(events)
            }
            #expect(plain?.code == .unreachable, "\(plain?.description ?? "")")
        }
    }

    @Test(
        "takes certificates that were renewed, in Kubernetes' way by another link, while it runs",
        arguments: programs
    )
    func renewedFiles(program: StoreServer.Program) async throws {
        var options = StoreServer.Options()
        options.usesTLS = true
        try await withStoreServer(program, options) { server in
            let folder = server.directory
            func point(at authority: String) async throws {
                let copy =
                    "mkdir -p \(folder)/of-\(authority) && cp \(folder)/\(authority) \(folder)/of-\(authority)/ca.crt"
                _ = try await RedisServer.run([
                    "sh", "-c", "\(copy) && ln -sfn \(folder)/of-\(authority) \(folder)/secret",
                ])
            }
            try await point(at: "ca.crt")
            let identity = "cert=\(folder)/client.crt&key=\(folder)/client.key"
            let registry = try self.registry(
                "\(program)s://127.0.0.1:\(server.port)?ca=\(folder)/secret/ca.crt&\(identity)"
            )
            for _ in 0..<2 {
                #expect(try await registry.load(events) == nil)
                // Nobody's authority.
                try await point(at: "client.crt")
                let error = await failure { _ = try await registry.load(events) }
                #expect(error?.code == .refused, "\(error?.description ?? "")")
                try await point(at: "ca.crt")
            }
            await registry.close()
        }
    }

    @Test("goes to the endpoint that answers, whatever their order", arguments: programs)
    func failover(program: StoreServer.Program) async throws {
        try await withStoreServer(program) { server in
            let hung = try await StoreServer.start(program)
            let dead = try await StoreServer.start(program)
            await dead.stop()
            try await hung.pause()
            let hosts = [dead.port, hung.port, server.port].map { "127.0.0.1:\($0)" }.joined(separator: ",")
            let registry = try self.registry("\(program)://\(hosts)?timeout=1")
            let map = try dailyMap(version: 1)
            #expect(try await registry.publish(map, replacing: nil) == .published)
            #expect(try await server.header(events)["version"] == "1")
            let hints = await registry.changes(events)
            try await RegistryHintTests.whileRunning(registry) {
                #expect(await RegistryHintTests.next(hints) == .reconnected)
            }
            await server.kill()
            #expect(await failure { _ = try await registry.load(events) }?.code == .unreachable)
            try await hung.resume()
            #expect(try await registry.load(events) == nil)
            await hung.stop()
        }
    }

    @Test("sends what makes a version visible once, and lets nobody say that it wasn't sent", arguments: programs)
    func once(program: StoreServer.Program) async throws {
        try await withStoreServer(program) { server in
            let proxy = try await TCPProxy.start(before: server.port, hanging: .before(server.headerWrite(events)))
            let hosts = "127.0.0.1:\(proxy.port),127.0.0.1:\(server.port)"
            let registry = try self.registry("\(program)://\(hosts)?timeout=2")
            let map = try dailyMap(version: 1)
            #expect(await failure { _ = try await registry.publish(map, replacing: nil) }?.code == .unreachable)
            #expect(proxy.isHung)
            #expect(try await server.header(events).isEmpty)
            // Reading goes on elsewhere, and so does the next publish.
            #expect(try await registry.load(events) == nil)
            #expect(try await registry.publish(map, replacing: nil) == .published)
            proxy.stop()
        }
    }

    @Test(
        "to something else says so",
        arguments: programs,
        [
            ("200 OK", "<html>"), ("200 OK", "[]"), ("200 OK", "{\"kvs\":[{}]}"), ("200 OK", "[{\"Value\":7}]"),
            ("404 Not Found", "gone"),
            ("500 Oops", "\u{1b}[31m" + String(repeating: "x", count: 999)),
            ("400 Bad", "{\"code\":3}"), ("200 OK", String(repeating: "[", count: 10_000)),
        ]
    )
    func somethingElse(program: StoreServer.Program, answer: (String, String)) async throws {
        let service = try await FixedService.start(answering: FixedService.answer(answer.0, answer.1))
        let registry = try self.registry("\(program)://127.0.0.1:\(service.port)?timeout=2")
        let error = await failure { _ = try await registry.load(events) }
        let publishing = await failure { _ = try await registry.publish(try dailyMap(version: 1), replacing: nil) }
        #expect(error != nil && publishing != nil)
        for text in [error?.description ?? "", publishing?.description ?? ""] {
            #expect(text.utf8.count < 400 && !text.contains("\u{1b}"))
        }
        #expect(!service.asked.isEmpty)
        service.stop()
    }

    @Test("goes nowhere that an answer sends it: it could take the secrets there", arguments: programs)
    func redirection(program: StoreServer.Program) async throws {
        let elsewhere = try await FixedService.start(
            answering: FixedService.answer("200 OK", FixedService.emptyEtcdAnswer)
        )
        let place = "http://127.0.0.1:\(elsewhere.port)/"
        let service = try await FixedService.start(
            answering: "HTTP/1.1 307 Moved\r\nLocation: \(place)\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"
        )
        let secret = program == .etcd ? "u:sesame@" : ":sesame@"
        let registry = try self.registry("\(program)://\(secret)127.0.0.1:\(service.port)?timeout=2")
        #expect(await failure { _ = try await registry.load(events) }?.code == .unreachable)
        #expect(!service.asked.isEmpty)
        #expect(elsewhere.asked.isEmpty)
        service.stop()
        elsewhere.stop()
    }

    @Test("refuses an answer that is too long", arguments: programs)
    func endless(program: StoreServer.Program) async throws {
        let long = FixedService.answer("200 OK", String(repeating: " ", count: 17 << 20))
        let service = try await FixedService.start(answering: long)
        let registry = try self.registry("\(program)://127.0.0.1:\(service.port)?timeout=20")
        let error = await failure { _ = try await registry.load(events) }
        #expect(
            error?.code == .unreachable && error?.message.contains("too long") == true,
            "\(error?.description ?? "")"
        )
        service.stop()
    }

    @Test(
        "passes over what isn't the store, for another endpoint",
        arguments: programs,
        [("404 Not Found", "gone"), ("200 OK", "{}"), ("200 OK", "[]"), ("200 OK", "<html>")]
    )
    func otherService(program: StoreServer.Program, answer: (String, String)) async throws {
        try await withStoreServer(program) { server in
            let map = try dailyMap(version: 1)
            _ = try await self.registry("\(program)://127.0.0.1:\(server.port)").publish(map, replacing: nil)
            let service = try await FixedService.start(answering: FixedService.answer(answer.0, answer.1))
            let places = "127.0.0.1:\(service.port),127.0.0.1:\(server.port)"
            #expect(try await self.registry("\(program)://\(places)?timeout=5").load(events) == map)
            // By itself it isn't a store without maps.
            let alone = try self.registry("\(program)://127.0.0.1:\(service.port)?timeout=5")
            #expect(await failure { _ = try await alone.load(events) }?.code == .unreachable)
            service.stop()
        }
    }

    @Test("keeps apart tables whose names hold characters that Consul calls unprintable")
    func unprintable() async throws {
        try await withStoreServer(.consul) { server in
            let registry = try self.registry("consul://127.0.0.1:\(server.port)")
            let names = ["nb\u{A0}sp", "soft\u{AD}", "\u{202E}turned", "\u{E9}", "\u{378}", "%E9", "plain"]
            for (number, name) in names.enumerated() {
                let map = try dailyMap(EntityName(schema: "public", table: name), days: number + 1, version: 1)
                #expect(try await registry.publish(map, replacing: nil) == .published)
                let next = try dailyMap(EntityName(schema: "public", table: name), days: number + 9, version: 2)
                #expect(try await registry.publish(next, replacing: map.header) == .published)
                #expect(try await registry.load(next.document.table) == next)
            }
            let entities = names.map { EntityName(schema: "public", table: $0) }
            #expect(try await registry.entities() == entities.sorted())
            #expect(try await server.keys().allSatisfy { $0.utf8.allSatisfy { $0 < 0x80 } })
        }
    }

    @Test("says that a client certificate with a Common Name is none for etcd's gateway")
    func commonName() async throws {
        var options = StoreServer.Options()
        options.usesTLS = true
        options.demandsClientCertificate = true
        try await withStoreServer(.etcd, options) { server in
            try await addUsers(server, password: "sesame")
            let identity = "cert=\(server.directory)/client.crt&key=\(server.directory)/client.key"
            let registry = try self.registry(
                "etcds://root:sesame@127.0.0.1:\(server.port)?ca=\(server.directory)/ca.crt&\(identity)"
            )
            let error = await failure { _ = try await registry.load(events) }
            #expect(
                error?.code == .refused && error?.message.contains("Common Name") == true,
                "\(error?.description ?? "")"
            )
        }
    }

    @Test("says that Consul's port is one of TLS")
    func plainToTLS() async throws {
        var options = StoreServer.Options()
        options.usesTLS = true
        try await withStoreServer(.consul, options) { server in
            let error = await failure {
                _ = try await self.registry("consul://127.0.0.1:\(server.port)?timeout=5").load(events)
            }
            #expect(error?.hint?.contains("consuls://") == true, "\(error?.description ?? "")")
        }
    }

    @Test("reads only what is current")
    func linearizable() async throws {
        let consul = try await FixedService.start(answering: FixedService.answer("200 OK", "[]"))
        let registry = try self.registry("consul://127.0.0.1:\(consul.port)?timeout=2")
        _ = await failure { _ = try await registry.header(events) }
        _ = await failure { _ = try await registry.entities() }
        #expect(consul.asked.count == 2)
        #expect(consul.asked.allSatisfy { $0.contains("?consistent") })
        consul.stop()
        // etcd reads so unless it is asked not to.
        let etcd = try await FixedService.start(answering: FixedService.answer("200 OK", FixedService.emptyEtcdAnswer))
        let other = try self.registry("etcd://127.0.0.1:\(etcd.port)?timeout=2")
        #expect(try await other.header(events) == nil)
        #expect(try await other.entities() == [])
        #expect(etcd.asked.count == 2)
        #expect(etcd.asked.allSatisfy { !$0.contains("serializable") })
        etcd.stop()
    }
}
