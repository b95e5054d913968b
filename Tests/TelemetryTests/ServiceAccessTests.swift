// SPDX-License-Identifier: Apache-2.0
// Part of partition-cli. See LICENSE and CONTRIBUTING.md.

import Foundation
import Telemetry
import TestSupport
import Testing

@Suite("ServiceAccess")
struct ServiceAccessTests {
    private static func alert() -> Alert {
        Alert(labels: ["alertname": "a"], annotations: [:], at: 0, isFiring: true, lifetime: 60)
    }

    @Test("a token is sent as a bearer's, over a connection whose authority is the one of the file and no other")
    func sent() async throws {
        let service = try await FixedService.start(answering: FixedService.answer("200 OK", ""), usesTLS: true)
        defer { service.stop() }
        let file = try #require(service.authorityFile)
        let access = try ServiceAccess(token: "t0k.en=\n", authorityFile: file)
        let text = "https://127.0.0.1:\(service.port)/"
        try await AlertWebhook(try ServiceURL(parsing: text, access: access)).send([Self.alert()])
        let asked = try #require(service.asked.first)
        #expect(asked.hasPrefix("POST /api/v2/alerts HTTP/1.1\r\n"))
        #expect(asked.lowercased().contains("\r\nauthorization: bearer t0k.en=\r\n"), "\(asked)")
        // The system's authorities don't know it, and nothing is sent to whom they don't.
        let stranger = try ServiceAccess(token: "t0k.en=", authorityFile: nil)
        let error = await #expect(throws: TelemetryError.self) {
            try await AlertWebhook(try ServiceURL(parsing: text, access: stranger)).send([Self.alert()])
        }
        #expect(error?.message.contains("t0k.en") == false)
        // Nor does another authority.
        let other = try await FixedService.start(answering: "", usesTLS: true)
        defer { other.stop() }
        let foreign = try ServiceAccess(token: "t0k.en=", authorityFile: other.authorityFile)
        await #expect(throws: TelemetryError.self) {
            try await AlertWebhook(try ServiceURL(parsing: text, access: foreign)).send([Self.alert()])
        }
        #expect(service.asked.count == 1)
    }

    @Test("a service that repeats the token doesn't get it into a message")
    func redacted() async throws {
        let service = try await FixedService.start(answering: FixedService.answer("403 No", "not with t0k.en"))
        defer { service.stop() }
        let access = try ServiceAccess(token: "t0k.en", authorityFile: nil)
        let url = try ServiceURL(parsing: "http://127.0.0.1:\(service.port)", access: access)
        let error = await #expect(throws: TelemetryError.self) { try await AlertWebhook(url).send([Self.alert()]) }
        #expect(error?.message.contains("answered 403") == true)
        #expect(error?.message.contains("t0k.en") == false)
        var dumped = ""
        dump((url, access), to: &dumped)
        #expect(!dumped.contains("t0k.en"))
    }

    @Test(
        "what can't be a token is refused without being repeated",
        arguments: [
            "", " \n", "s3cret s3cret", "s3cret\r\nX-Other: 1", "s3crét", String(repeating: "s3cret", count: 10_000),
        ]
    )
    func refused(token: String) {
        let error = #expect(throws: TelemetryError.self) { try ServiceAccess(token: token, authorityFile: nil) }
        #expect(error?.message.contains("s3cr") == false)
    }

    @Test("a file of authorities that isn't one is refused, and one for http:// and a token beside a password are too")
    func contradictions() async throws {
        for path in ["/nowhere/ca.crt", "/etc/hostname", "/"] {
            #expect(throws: TelemetryError.self) { try ServiceAccess(token: nil, authorityFile: path) }
        }
        let token = try ServiceAccess(token: "t", authorityFile: nil)
        #expect(throws: TelemetryError.self) { try ServiceURL(parsing: "http://user:password@host", access: token) }
        let service = try await FixedService.start(answering: "", usesTLS: true)
        defer { service.stop() }
        let authority = try ServiceAccess(token: nil, authorityFile: service.authorityFile)
        #expect(throws: TelemetryError.self) { try ServiceURL(parsing: "http://host", access: authority) }
    }
}
