// SPDX-License-Identifier: Apache-2.0
// Part of partition-cli. See LICENSE and CONTRIBUTING.md.

import Telemetry
import Testing
import TestSupport

@Suite("Pushgateway")
struct PushgatewayTests {
    private static let text =
        "# TYPE a_total counter\na_total{database=\"DB\"} 3\n# TYPE b gauge\nb{database=\"DB\"} 1\n"

    private static func text(of database: String) -> String {
        let escaped = database.replacing("\\", with: "\\\\").replacing("\"", with: "\\\"")
        return text.replacing("DB", with: escaped)
    }

    @Test(
        "what is pushed is read back, replaced or added to",
        arguments: ["events", "with/slash", "späße \"q\" \\", "a+b.c", ""]
    )
    func pushed(_ database: String) async throws {
        let server = try await MonitoringServer.start(.pushgateway)
        defer { server.stop() }
        let gateway = Pushgateway(try ServiceURL(parsing: server.url), database: database)
        let neighbour = Pushgateway(try ServiceURL(parsing: server.url + "/"), database: "neighbour")
        #expect(try await gateway.samples() == [])
        try await neighbour.push(Self.text(of: "neighbour"), replacing: true)
        try await gateway.push(Self.text(of: database), replacing: true)
        let labels = ["database": database]
        let pushed = try await gateway.samples().filter { $0.name == "a_total" }
        #expect(pushed == [MetricSample(name: "a_total", labels: labels, value: 3)])
        // A run that couldn't look leaves what it doesn't have.
        try await gateway.push("# TYPE b gauge\nb 2\n", replacing: false)
        let names = Set(try await gateway.samples().map(\.name))
        #expect(names.isSuperset(of: ["a_total", "b"]))
        // One that could replaces all.
        try await gateway.push("# TYPE b gauge\nb 5\n", replacing: true)
        let replaced = try await gateway.samples().filter { $0.name == "a_total" || $0.name == "b" }
        #expect(replaced == [MetricSample(name: "b", labels: labels, value: 5)])
        #expect(try await neighbour.samples().contains { $0.name == "a_total" })
    }

    @Test("a text that the Pushgateway refuses is an error with its answer and without the URL's secrets")
    func refused() async throws {
        let server = try await MonitoringServer.start(.pushgateway)
        defer { server.stop() }
        let url = try ServiceURL(parsing: "http://user:s3cret@127.0.0.1:\(server.port)/?token=s3cret")
        let error = await #expect(throws: TelemetryError.self) {
            try await Pushgateway(url, database: "d").push("s3cret{\n", replacing: true)
        }
        let message = try #require(error?.message)
        #expect(message.contains("answered 400"))
        #expect(message.contains("http://127.0.0.1:\(server.port)"))
        #expect(!message.contains("s3cret"))
    }

    @Test("one that isn't there, and one that hangs, are errors within the time limit")
    func unreachable() async throws {
        let server = try await MonitoringServer.start(.pushgateway)
        let url = try ServiceURL(parsing: "http://user:s3cret@127.0.0.1:\(server.port)/")
        let gateway = Pushgateway(url, database: "d", timeout: .milliseconds(500))
        try await server.pause()
        let late = await #expect(throws: TelemetryError.self) { try await gateway.push("a 1\n", replacing: true) }
        #expect(late?.message.contains("no answer within 0.5 s") == true)
        try await server.resume()
        server.stop()
        let gone = await #expect(throws: TelemetryError.self) { try await gateway.samples() }
        #expect(gone?.message.contains("could not be reached") == true)
        #expect(gone?.message.contains("s3cret") == false)
    }
}
