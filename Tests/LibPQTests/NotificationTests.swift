// SPDX-License-Identifier: Apache-2.0
// Part of partition-cli. See LICENSE and CONTRIBUTING.md.

import LibPQ
import TestSupport
import Testing

@Suite("Notifications", .temporaryDatabase, .timeLimit(.minutes(1)))
struct NotificationTests {
    @Test("come in order, with channel, payload and sender, however the channel is called")
    func order() async throws {
        let listener = try await TemporaryDatabase.current.connect()
        let sender = try await TemporaryDatabase.current.connect()
        let channel = "Some \"channel\"; '$1'"
        try await listener.listen(channel, within: .seconds(30))
        for payload in ["one", "", "drei 🐘"] {
            _ = try await sender.query("SELECT pg_notify(\(bind: channel), \(bind: payload))")
        }
        for payload in ["one", "", "drei 🐘"] {
            let notification = try await listener.notification(within: .seconds(60))
            #expect(notification?.payload == payload)
            #expect(notification?.channel == channel)
            #expect(notification?.backendPID == sender.backendPID)
        }
        #expect(try await listener.notification(within: .zero) == nil)
        try await listener.unlisten(channel)
        _ = try await sender.query("SELECT pg_notify(\(bind: channel), 'unheard')")
        _ = try await listener.query("SELECT 1")
        #expect(try await listener.notification(within: .zero) == nil)
    }

    @Test("that arrive beside a result are not lost")
    func besideResult() async throws {
        let connection = try await TemporaryDatabase.current.connect()
        try await connection.listen("news", within: .seconds(30))
        _ = try await connection.script(["NOTIFY news, 'a'", "NOTIFY news, 'b'"])
        #expect(try await connection.notification(within: .zero)?.payload == "a")
        #expect(try await connection.notification(within: .zero)?.payload == "b")
    }

    @Test("wake a task that waits for them")
    func wake() async throws {
        let listener = try await TemporaryDatabase.current.connect()
        let sender = try await TemporaryDatabase.current.connect()
        try await listener.listen("news", within: .seconds(30))
        let task = Task { try await listener.notification(within: .seconds(600)) }
        _ = try await sender.query("NOTIFY news, 'at last'")
        #expect(try await task.value?.payload == "at last")
    }

    @Test("are waited for no longer than the task lives")
    func cancelled() async throws {
        let listener = try await TemporaryDatabase.current.connect()
        let task = Task { try await listener.notification(within: .seconds(600)) }
        task.cancel()
        let error = await #expect(throws: PostgresError.self) { try await task.value }
        #expect(error?.kind == .cancelled)
        #expect(try await listener.text("SELECT 'still here'") == "still here")
    }
}
