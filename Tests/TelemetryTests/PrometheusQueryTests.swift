// SPDX-License-Identifier: Apache-2.0
// Part of partition-cli. See LICENSE and CONTRIBUTING.md.

import Foundation
import Telemetry
import TestSupport
import Testing

@Suite("PrometheusQuery")
struct PrometheusQueryTests {
    private static func vector(_ values: String) -> String {
        #"{"status":"success","data":{"resultType":"vector","result":["# + values + "]}}"
    }

    private static func sample(_ value: String) -> String {
        #"{"metric":{"a":"b"},"value":[1435781451.781,"# + value + "]}"
    }

    private static func ask(_ answer: String) async throws -> Result<Double, TelemetryError> {
        let service = try await FixedService.start(answering: answer)
        defer { service.stop() }
        do throws(TelemetryError) {
            return .success(
                try await PrometheusQuery(try ServiceURL(parsing: "http://127.0.0.1:\(service.port)")).value(of: "x")
            )
        } catch {
            return .failure(error)
        }
    }

    @Test("the real Prometheus gives the number of a scalar and of a vector of one series; none and several are errors")
    func real() async throws {
        let server = try await MonitoringServer.start(.prometheus(ports: []))
        defer { server.stop() }
        let prometheus = PrometheusQuery(try ServiceURL(parsing: server.url))
        #expect(try await prometheus.value(of: "0.25") == 0.25)
        #expect(try await prometheus.value(of: "vector(1) - 0.125") == 0.875)
        // What has a meaning in a form, and what is not ASCII.
        #expect(try await prometheus.value(of: #"label_replace(vector(2), "a", "&=+ %2Bß\"", "", "")"#) == 2)
        #expect(try await prometheus.value(of: "vector(1) / 0") == .infinity)
        #expect(try await prometheus.value(of: "vector(0) / 0").isNaN)
        let none = await #expect(throws: TelemetryError.self) { try await prometheus.value(of: "nothing_of_that_name") }
        #expect(none?.message.contains("has no result") == true)
        let several = await #expect(throws: TelemetryError.self) {
            try await prometheus.value(
                of: #"label_replace(vector(1), "a", "b", "", "") or label_replace(vector(2), "a", "c", "", "")"#
            )
        }
        #expect(several?.message.contains("has 2 results") == true)
        let wrong = await #expect(throws: TelemetryError.self) { try await prometheus.value(of: "1 +") }
        #expect(wrong?.message.contains("answered 400") == true && wrong?.message.contains("parse error") == true)
        let range = await #expect(throws: TelemetryError.self) { try await prometheus.value(of: "up[5m]") }
        #expect(range != nil)
    }

    @Test(
        "an answer that says a number as the API does is taken",
        arguments: [
            (#""0.5""#, 0.5), (#""1e-3""#, 0.001), (#""+Inf""#, .infinity), (#""-1""#, -1),
        ] as [(String, Double)]
    )
    func taken(value: String, number: Double) async throws {
        #expect(try await Self.ask(FixedService.answer("200 OK", Self.vector(Self.sample(value)))).get() == number)
    }

    @Test(
        "what isn't an answer of the API is an error without a number",
        arguments: [
            "", "null", "[]", "0.5", "{}", "<html>0.5</html>", #"{"status":"success"}"#,
            vector(sample("0.5")).replacingOccurrences(of: "success", with: "error"),
            vector(sample("0.5")).replacingOccurrences(of: "vector", with: "matrix"),
            vector(sample("0.5")).replacingOccurrences(of: "vector", with: "string"),
            vector(sample("0.5")), vector(sample(#""""#)), vector(sample(#""0x1p-2""#)), vector(sample(#""nan(0x1)""#)),
            vector(sample(#"" 0.5""#)), vector(sample(#""0,5""#)), vector(sample(#""infinity""#)),
            vector(sample("null")),
            vector(sample(#""0.5","0.6""#)), vector(#"{"metric":{},"value":["0.5"]}"#), vector(#"{"metric":{}}"#),
            vector(sample(#""0.5""#)) + "}",
        ]
    )
    func refused(body: String) async throws {
        try await refuses(body)
    }

    @Test("nor is one that is nested without end")
    func nested() async throws {
        try await refuses(String(repeating: "[", count: 100_000))
    }

    private func refuses(_ body: String) async throws {
        guard case .failure(let error) = try await Self.ask(FixedService.answer("200 OK", body)) else {
            Issue.record("\(body.prefix(200)) was taken for a number")
            return
        }
        #expect(error.message.contains("isn't a Prometheus"), "\(error)")
    }

    /// None of which is to be written into a log with its test.
    private static let brokenAnswers = [
        "0.5\r\n\r\n", "HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n{", FixedService.answer("302 Found", ""),
        FixedService.answer("200 OK", vector(sample(#""0.5""#)) + String(repeating: " ", count: 300_000)),
    ]

    @Test("what isn't HTTP, an answer without end and one that is too long are errors", arguments: 0..<4)
    func broken(number: Int) async throws {
        guard case .failure = try await Self.ask(Self.brokenAnswers[number]) else {
            Issue.record("taken for a number")
            return
        }
    }

    /// Everything there is to be asked, within 300 ms each.
    static let questions: [@Sendable (ServiceURL) async throws -> Void] = [
        { _ = try await PrometheusQuery($0, timeout: .milliseconds(300)).value(of: "1") },
        { _ = try await Pushgateway($0, database: "d", timeout: .milliseconds(300)).samples() },
        { try await Pushgateway($0, database: "d", timeout: .milliseconds(300)).push("a 1\n", replacing: true) },
        {
            let alert = Alert(labels: [:], annotations: [:], at: 0, isFiring: true, lifetime: 1)
            try await AlertWebhook($0, timeout: .milliseconds(300)).send([alert])
        },
    ]

    @Test(
        "one that begins its answer, says nothing more and keeps the connection is an outage at the time limit",
        arguments: questions.indices
    )
    func halfAnAnswer(question: Int) async throws {
        let service = try await FixedService.start(
            answering: "HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n{",
            hangsUp: false
        )
        defer { service.stop() }
        let url = try ServiceURL(parsing: "http://127.0.0.1:\(service.port)")
        let error = await #expect(throws: TelemetryError.self) { try await Self.questions[question](url) }
        #expect(error?.message.contains("no answer within 0.3 s") == true, "\(error?.message ?? "an answer")")
        #expect(error?.isOutage == true)
    }

    @Test("one that hangs ends the question within its time limit, and is an outage; an answer that says no is none")
    func outage() async throws {
        let server = try await MonitoringServer.start(.prometheus(ports: []))
        defer { server.stop() }
        let prometheus = PrometheusQuery(try ServiceURL(parsing: server.url), timeout: .milliseconds(300))
        let refusal = await #expect(throws: TelemetryError.self) {
            try await PrometheusQuery(try ServiceURL(parsing: server.url)).value(of: "1 +")
        }
        #expect(refusal?.isOutage == false)
        try await server.pause()
        let error = await #expect(throws: TelemetryError.self) { try await prometheus.value(of: "1") }
        #expect(error?.message.contains("no answer within 0.3 s") == true)
        #expect(error?.isOutage == true)
        try await server.resume()
    }
}
