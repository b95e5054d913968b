// SPDX-License-Identifier: Apache-2.0
// Part of partition-cli. See LICENSE and CONTRIBUTING.md.

import Foundation
import LibPQ
import TestSupport
import Testing

@Suite("The quota asked of a Prometheus", .temporaryDatabase)
struct QuotaQueryTests {
    /// Shares of two tablespaces, as node_exporter would tell them of two file systems.
    private func makeMetrics(_ shares: [String: Double]) throws -> MetricsDirectory {
        let metrics = try MetricsDirectory()
        let lines = shares.sorted { $0.key < $1.key }.map { #"space_used_ratio{tablespace="\#($0.key)"} \#($0.value)"# }
        try (["# TYPE space_used_ratio gauge"] + lines + [""]).joined(separator: "\n")
            .write(toFile: metrics.file, atomically: true, encoding: .utf8)
        return metrics
    }

    private static let query = #"--quota-query=space_used_ratio{tablespace="$tablespace"}"#

    private func rotate(
        _ events: EventsTable,
        _ more: String...,
        environment: [String: String] = [:]
    ) async throws -> Tool.Result {
        try await Tool.run(
            ["rotate", "--db-url=\(events.url)", "--registry-url=none", "--output=json", "--quota-threshold=80"] + more,
            environment: environment
        )
    }

    @Test(
        "a real Prometheus with scraped values decides: 81 % creates nothing and exits 73, 79 % creates, each tablespace by itself"
    )
    func scraped() async throws {
        let events = try await EventsTable()
        let space = "space_\(UInt32.random(in: .min ... .max))"
        let metrics = try makeMetrics(["pg_default": 0.81, space: 0.79])
        defer { metrics.remove() }
        let exporter = try await MonitoringServer.start(.nodeExporter(directory: metrics.path))
        let prometheus = try await MonitoringServer.start(.prometheus(ports: [exporter.port]))
        defer { for server in [exporter, prometheus] { server.stop() } }
        try await eventually(within: .seconds(60), "both are scraped") {
            try await prometheus.get("/api/v1/query?query=count(space_used_ratio)").contains(#""2"]"#)
        }
        let url = "--quota-prometheus-url=\(prometheus.url)"
        let full = try await rotate(events, url, Self.query)
        #expect(full.status == 73, "\(full.everything)")
        #expect(try await events.partitions.count == 1)
        let quota = try #require(try full.json["quota"] as? [String: Any])
        #expect(quota["source"] as? String == "prometheus" && quota["usedPercent"] as? Double == 81)

        // The plan says it too, in words.
        let plan = try await Tool.run(
            ["plan", "--db-url=\(events.url)", "--registry-url=none", "--quota-threshold=80", Self.query],
            environment: ["QUOTA_PROMETHEUS_URL": prometheus.url]
        )
        #expect(plan.output.contains("81.0 % of the space is used"), "\(plan.everything)")

        // Partitions that will live in the other tablespace are another question.
        _ = try await events.connection.query("SET allow_in_place_tablespaces = on")
        _ = try await events.connection.query("CREATE TABLESPACE \(identifier: space) LOCATION ''")
        _ = try await events.connection.query("ALTER TABLE events SET TABLESPACE \(identifier: space)")
        let left = try await rotate(events, url, Self.query)
        #expect(left.status == 0, "\(left.everything)")
        #expect(try await events.partitions.count > 1)
        // A tablespace belongs to the server, and outlives the database.
        _ = try await events.connection.query("DROP TABLE events")
        _ = try await events.connection.query("DROP TABLESPACE \(identifier: space)")
    }

    @Test("one that begins its answer and says nothing more is unknown, and holds nothing up")
    func halfAnAnswer() async throws {
        let events = try await EventsTable()
        let service = try await FixedService.start(
            answering: "HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n{",
            hangsUp: false
        )
        defer { service.stop() }
        let url = "http://127.0.0.1:\(service.port)"
        let result = try await rotate(
            events,
            "--quota-prometheus-url=\(url)",
            "--quota-query=vector(0)",
            "--metrics-push=\(url)",
            "--alert-webhook=\(url)"
        )
        #expect(result.status == 0, "\(result.everything)")
        let quota = try #require(try result.json["quota"] as? [String: Any])
        #expect((quota["unknownBecause"] as? String)?.contains("no answer within") == true, "\(quota)")
        for sentence in ["metrics were not pushed", "alerts were not sent"] {
            #expect(result.error.contains(sentence), "\(result.error)")
        }
    }

    @Test("with a declared capacity the query says bytes")
    func bytes() async throws {
        let events = try await EventsTable()
        let prometheus = try await MonitoringServer.start(.prometheus(ports: []))
        defer { prometheus.stop() }
        let arguments = ["--quota-prometheus-url=\(prometheus.url)", "--quota-capacity=1000kB"]
        let full = try await rotate(events, arguments[0], arguments[1], "--quota-query=vector(810000)")
        #expect(full.status == 73, "\(full.everything)")
        let free = try await rotate(events, arguments[0], arguments[1], "--quota-query=vector(790000)")
        #expect(free.status == 0, "\(free.everything)")
        let quota = try #require(try free.json["quota"] as? [String: Any])
        #expect(quota["usedPercent"] as? Double == 79)
    }

    @Test(
        "where it doesn't answer, or not with a share, a run goes on and says so; with --quota-required it creates nothing and exits 73",
        arguments: ["hung", "away", "hostile", "nothing"]
    )
    func unknown(how: String) async throws {
        let events = try await EventsTable()
        _ = try await events.connection.query(
            "CREATE TABLE others (LIKE events INCLUDING ALL) PARTITION BY RANGE (event_ts)"
        )
        let prometheus = try await MonitoringServer.start(.prometheus(ports: []))
        defer { prometheus.stop() }
        let hostile = try await FixedService.start(
            answering: FixedService.answer(
                "200 OK",
                #"{"status":"success","data":{"resultType":"scalar","result":[0,"81"]}}"#
            )
        )
        defer { hostile.stop() }
        let url =
            switch how {
            case "away": "http://user:s3cr3t@127.0.0.1:1"
            case "hostile": "http://user:s3cr3t@127.0.0.1:\(hostile.port)"
            default: "http://user:s3cr3t@127.0.0.1:\(prometheus.port)"
            }
        if how == "hung" { try await prometheus.pause() }
        let query = how == "nothing" ? Self.query : "--quota-query=vector(0.5)"
        for isRequired in [true, false] {
            let result = try await rotate(
                events,
                query,
                isRequired ? "--quota-required" : "--quiet",
                environment: ["QUOTA_PROMETHEUS_URL": url]
            )
            #expect(result.status == (isRequired ? 73 : 0), "\(how): \(result.everything)")
            #expect(try await (events.partitions.count == 1) == isRequired)
            let quota = try #require(try result.json["quota"] as? [String: Any])
            let reason = try #require(quota["unknownBecause"] as? String)
            let expected = [
                "hung": "no answer within 5.0 s", "away": "could not be reached",
                "hostile": "no used share from 0 to 1",
                "nothing": "has no result",
            ]
            #expect(reason.contains(expected[how] ?? "?"), "\(reason)")
            #expect(!result.everything.contains("s3cr3t"))
        }
        if how == "hung" { try await prometheus.resume() }
    }

    @Test("one that doesn't answer is asked once in a run, however many tables want to know")
    func once() async throws {
        let events = try await EventsTable()
        let service = try await FixedService.start(answering: "")
        defer { service.stop() }
        let url = "--quota-prometheus-url=http://127.0.0.1:\(service.port)"
        let result = try await rotate(events, url, "--quota-query=$tablespace", "--quota-required")
        #expect(result.status == 73, "\(result.everything)")
        #expect(service.asked.count == 1, "\(service.asked)")
        #expect(service.asked.first?.hasSuffix("query=pg_default") == true, "\(service.asked)")
    }

    @Test(
        "a query without a Prometheus, a Prometheus without a query, and a query without a threshold are refused with what is missing"
    )
    func incomplete() async throws {
        let database = "--db-url=postgresql://u@127.0.0.1:1/d"
        func refused(_ words: [String], _ environment: [String: String] = [:]) async throws -> String {
            let result = try await Tool.run(["rotate", database] + words, environment: environment)
            #expect(result.status == 64, "\(result.everything)")
            return result.error
        }
        let threshold = "--quota-threshold=80"
        let url = "--quota-prometheus-url=http://user:s3cr3t@127.0.0.1:1"
        #expect(try await refused([threshold, "--quota-query=x"]).contains("QUOTA_PROMETHEUS_URL"))
        #expect(try await refused([threshold, url]).contains("needs --quota-query"))
        #expect(try await refused(["--quota-query=x", url]).contains("--quota-threshold"))
        #expect(try await refused([threshold, url, "--quota-query="]).contains("--quota-query is empty"))
        for wrong in ["ftp://s3cr3t", " ", "s3cr3t"] {
            let said = try await refused([threshold, "--quota-query=x"], ["QUOTA_PROMETHEUS_URL": wrong])
            #expect(said.contains("QUOTA_PROMETHEUS_URL") && !said.contains("s3cr3t"), "\(said)")
        }
    }

    @Test("a token comes from a variable or a file, an authority from a file, and neither is seen anywhere")
    func access() async throws {
        let events = try await EventsTable()
        let service = try await FixedService.start(
            answering: FixedService.answer(
                "200 OK",
                #"{"status":"success","data":{"resultType":"scalar","result":[0,"0.5"]}}"#
            ),
            usesTLS: true
        )
        defer { service.stop() }
        let metrics = try MetricsDirectory()
        defer { metrics.remove() }
        let file = "\(metrics.path)/token"
        try "s3cr3t-of-file\n".write(toFile: file, atomically: true, encoding: .utf8)
        let common = [
            "QUOTA_PROMETHEUS_URL": "https://127.0.0.1:\(service.port)",
            "QUOTA_PROMETHEUS_CA_FILE": try #require(service.authorityFile),
        ]
        for own in [["QUOTA_PROMETHEUS_TOKEN": "s3cr3t"], ["QUOTA_PROMETHEUS_TOKEN_FILE": file]] {
            let environment = common.merging(own) { first, _ in first }
            let result = try await rotate(events, "--quota-query=x", "--quota-required", environment: environment)
            #expect(result.status == 0, "\(result.everything)")
            #expect(!result.everything.contains("s3cr3t"))
        }
        for token in ["s3cr3t", "s3cr3t-of-file"] {
            #expect(service.asked.contains { $0.lowercased().contains("authorization: bearer \(token)\r\n") })
        }
        let both = common.merging(["QUOTA_PROMETHEUS_TOKEN": "s3cr3t", "QUOTA_PROMETHEUS_TOKEN_FILE": file]) {
            first,
            _ in first
        }
        let refused = try await rotate(events, "--quota-query=x", environment: both)
        #expect(refused.status == 64 && refused.error.contains("are both set"), "\(refused.everything)")
        let nowhere = common.merging(["QUOTA_PROMETHEUS_CA_FILE": "/nowhere"]) { _, second in second }
        let unread = try await rotate(events, "--quota-query=x", environment: nowhere)
        #expect(unread.status == 64 && unread.error.contains("QUOTA_PROMETHEUS_CA_FILE"), "\(unread.everything)")
    }
}
