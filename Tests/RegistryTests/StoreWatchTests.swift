// SPDX-License-Identifier: Apache-2.0
// Part of partition-cli. See LICENSE and CONTRIBUTING.md.

import Logging
import PartitionMap
import PartitionRegistryHTTP
import PartitionRouter
import TestSupport
import Testing

@Suite("Watching etcd and Consul", .timeLimit(.minutes(5)))
struct StoreWatchTests {
    @Test("goes on through compactions of etcd")
    func compaction() async throws {
        try await withStoreServer(.etcd) { server in
            let url = try RegistryURL(parsing: "etcd://127.0.0.1:\(server.port)?timeout=20")
            let (writer, reader) = (try HTTPRegistry(url, logger: .test), try HTTPRegistry(url, logger: .test))
            let hints = await reader.changes(events)
            try await RegistryHintTests.whileRunning(reader) {
                #expect(await RegistryHintTests.next(hints) == .reconnected)
                var replaced: PartitionMapHeader?
                for version in 1...5 as ClosedRange<Int64> {
                    let map = try dailyMap(days: Int(version), version: version)
                    #expect(try await writer.publish(map, replacing: replaced) == .published)
                    replaced = map.header
                    // Everything before the newest change of all.
                    let answer = try await server.good("POST", "/v3/kv/range", #"{"key":"AA=="}"#)
                    let revision = try #require(answer.firstMatch(of: /"revision":"([0-9]+)"/)).1
                    try await server.good("POST", "/v3/kv/compaction", #"{"revision":"\#(revision)"}"#)
                    #expect(try await RegistryHintTests.version(above: version - 1, hints, reader) == version)
                    #expect(try await reader.load(events) == map)
                }
            }
        }
    }

    @Test(
        "etcd hears what a line of its answer says, and that the watch is over",
        arguments: [
            (
                #"{"result":{"header":{"revision":"5"},"created":true}}"#, RegistryHint.reconnected,
                RegistryError.Code?.none
            ),
            (#"{"result":{"header":{},"events":[{"kv":{"key":"eA=="}}]}}"#, .changed, nil),
            (#"{"result":{"events":[{"type":"DELETE","kv":{"key":"eA=="}}]}}"#, .changed, nil),
            (#"{"result":{"header":{"revision":"5"}}}"#, nil, nil), ("{}", nil, nil), ("", nil, nil), (" \r", nil, nil),
            (#"{"result":{"canceled":true,"compact_revision":"9"}}"#, nil, .unreachable),
            (
                #"{"result":{"created":true,"canceled":true,"cancel_reason":"rpc error: permission denied"}}"#, nil,
                .refused
            ),
            (#"{"error":{"grpc_code":14,"http_code":503,"message":"etcdserver: no leader"}}"#, nil, .unreachable),
            (#"{"error":{"grpc_code":16,"message":"etcdserver: invalid auth token"}}"#, nil, .unreachable),
            ("<html>", nil, .unreachable), ("[1]", nil, .unreachable), (#"{"result":7}"#, nil, .unreachable),
        ]
    )
    func lines(line: String, hint: RegistryHint?, code: RegistryError.Code?) {
        do throws(RegistryError) {
            let heard = try EtcdWatchLine.hint(Array(line.utf8))
            #expect(heard == hint && code == nil)
        } catch {
            #expect(error.code == code)
        }
    }

    @Test("etcd asks for an end where the member has no leader, and begins anew when the answer ends")
    func watchRequest() async throws {
        let body = #"{"result":{"created":true}}"# + "\n"
        let service = try await FixedService.start { request in
            FixedService.answer(
                "200 OK",
                request.hasPrefix("POST /v3/watch ") ? body : FixedService.emptyEtcdAnswer
            )
        }
        let url = try RegistryURL(parsing: "etcd://127.0.0.1:\(service.port)?timeout=2")
        let registry = try HTTPRegistry(url, logger: .test)
        let hints = await registry.changes(events)
        try await RegistryHintTests.whileRunning(registry) {
            for _ in 0..<3 { #expect(await RegistryHintTests.next(hints) == .reconnected) }
        }
        let watches = service.asked.filter { $0.hasPrefix("POST /v3/watch ") }
        #expect(watches.count >= 3)
        #expect(watches.allSatisfy { $0.lowercased().contains("grpc-metadata-hasleader: true\r\n") })
        service.stop()
    }

    @Test(
        "etcd begins anew where nothing comes after the answer's head, and where a line has no end",
        arguments: [
            ("200 OK", 0, "didn't begin the watch in time"), ("503 Unavailable", 0, "didn't begin the watch in time"),
            ("200 OK", 5 << 20, "a line that is too long"),
        ]
    )
    func mute(status: String, length: Int, reason: String) async throws {
        let part = length == 0 ? "" : "\(String(length, radix: 16))\r\n\(String(repeating: "x", count: length))\r\n"
        let service = try await FixedService.start(hangsUp: false) { request in
            request.hasPrefix("POST /v3/watch ")
                ? "HTTP/1.1 \(status)\r\nTransfer-Encoding: chunked\r\n\r\n\(part)"
                : FixedService.answer("200 OK", FixedService.emptyEtcdAnswer)
        }
        let (log, label) = (LogLines(), "test")
        let url = try RegistryURL(parsing: "etcd://127.0.0.1:\(service.port)?timeout=2")
        let registry = try HTTPRegistry(url, logger: Logger(label: label) { _ in log })
        let hints = await registry.changes(events)
        try await RegistryHintTests.whileRunning(registry) {
            try await eventually(within: .seconds(60), "a second watch is begun") {
                service.asked.filter { $0.hasPrefix("POST /v3/watch ") }.count >= 2
            }
        }
        #expect(log.text.contains(reason), "\(log.text)")
        withExtendedLifetime(hints) {}
        service.stop()
    }

    @Test("Consul begins anew when the index goes backwards, and waits for more than 0")
    func index() {
        var cursor = ConsulCursor(0)
        #expect(cursor.index == 1)
        let steps: [(now: Int64, moved: Bool, next: Int64)] = [
            (7, true, 7), (7, false, 7), (9, true, 9), (3, true, 1), (3, true, 3), (0, true, 1),
        ]
        for (now, moved, next) in steps {
            let found = cursor.moved(to: now)
            #expect(found == moved && cursor.index == next, "\(now)")
        }
    }

    @Test("a Consul that answers at once, as it never does, isn't asked without end")
    func restless() async throws {
        let answer = "HTTP/1.1 404 Not Found\r\nX-Consul-Index: 7\r\nContent-Length: 0\r\n\r\n"
        let service = try await FixedService.start(answering: answer, hangsUp: false)
        let url = try RegistryURL(parsing: "consul://127.0.0.1:\(service.port)?timeout=2")
        let registry = try HTTPRegistry(url, logger: .test)
        let hints = await registry.changes(events)
        let began = ContinuousClock.now
        try await RegistryHintTests.whileRunning(registry) {
            #expect(await RegistryHintTests.next(hints) == .reconnected)
            try await eventually(within: .seconds(60), "it is asked again") { service.asked.count > 5 }
            try await Task.sleep(for: .seconds(1))
        }
        // A busy machine makes it fewer.
        #expect(service.asked.count <= 3 + Int((ContinuousClock.now - began) / .milliseconds(100)))
        withExtendedLifetime(hints) {}
        service.stop()
    }

    @Test("Consul hears of what is published after its store was put back", .timeLimit(.minutes(2)))
    func restored() async throws {
        try await withStoreServer(.consul) { server in
            let url = try RegistryURL(parsing: "consul://127.0.0.1:\(server.port)?timeout=20")
            let (writer, reader) = (try HTTPRegistry(url, logger: .test), try HTTPRegistry(url, logger: .test))
            let first = try dailyMap(version: 1)
            _ = try await writer.publish(first, replacing: nil)
            let snapshot = "\(server.directory)/snapshot"
            let place = "http://127.0.0.1:\(server.port)/v1/snapshot"
            _ = try await RedisServer.run(["curl", "--silent", "--fail", "--output", snapshot, place])
            var replaced = first.header
            for version in 2...6 as ClosedRange<Int64> {
                let map = try dailyMap(days: Int(version), version: version)
                _ = try await writer.publish(map, replacing: replaced)
                replaced = map.header
            }
            let hints = await reader.changes(events)
            try await RegistryHintTests.whileRunning(reader) {
                #expect(await RegistryHintTests.next(hints) == .reconnected)
                _ = try await RedisServer.run(["curl", "--silent", "--fail", "--upload-file", snapshot, place])
                while try await reader.header(events)?.version != 1 { _ = await RegistryHintTests.next(hints) }
                let map = try dailyMap(days: 9, version: 7)
                #expect(try await writer.publish(map, replacing: first.header) == .published)
                #expect(try await RegistryHintTests.version(above: 6, hints, reader) == 7)
            }
        }
    }

    @Test("ends for a table that nobody listens to any more, and begins again for the next listener")
    func unheard() async throws {
        try await withStoreServer(.etcd) { server in
            let url = try RegistryURL(parsing: "etcd://127.0.0.1:\(server.port)?timeout=20")
            let registry = try HTTPRegistry(url, logger: .test)
            var replaced: PartitionMapHeader?
            try await RegistryHintTests.whileRunning(registry) {
                for version in 1...3 as ClosedRange<Int64> {
                    do {
                        let hints = await registry.changes(events)
                        #expect(await RegistryHintTests.next(hints) == .reconnected)
                    }
                    // With nobody there: the watch hears of it, and ends.
                    let map = try dailyMap(days: Int(version), version: version)
                    #expect(try await registry.publish(map, replacing: replaced) == .published)
                    replaced = map.header
                    let watchers = "etcd_debugging_mvcc_watcher_total"
                    try await eventually("etcd has no watcher left") {
                        try await server.good("GET", "/metrics").contains("\n\(watchers) 0\n")
                    }
                }
            }
        }
    }
}
