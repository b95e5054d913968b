// SPDX-License-Identifier: Apache-2.0
// Part of partition-cli. See LICENSE and CONTRIBUTING.md.

import Foundation
import LibPQ
import Logging

/// What no router can be faster than: from before a bare message is sent until it has arrived, and after it the stored document's
/// bytes. Nothing is parsed, compared or summed.
enum TransportFloor {
    static let rounds = 40

    /// Milliseconds of each round, through the process's memory: there are no bytes to be fetched.
    static func memory() async -> [Double] {
        let (messages, sender) = AsyncStream.makeStream(of: Int.self)
        var arrivals = messages.makeAsyncIterator()
        var times: [Double] = []
        for round in 0..<rounds {
            let began = ContinuousClock.now
            sender.yield(round)
            _ = await arrivals.next()
            times.append((ContinuousClock.now - began) / .milliseconds(1))
        }
        return times
    }

    /// By `PUBLISH` and `HGET`.
    ///
    /// - Parameter port: of 127.0.0.1.
    static func redis(port: Int) async throws -> [Double] {
        try await withCheckedThrowingContinuation { continuation in
            // Its sockets block.
            Thread {
                continuation.resume(with: Result { try RawRedis.rounds(rounds, port: port) })
            }.start()
        }
    }

    /// By `NOTIFY` and `SELECT`.
    static func postgres(_ conninfo: String) async throws -> [Double] {
        let logger = Logger(label: "benchmark") { _ in SwiftLogNoOpLogHandler() }
        let configuration = try ConnectionConfiguration(conninfo)
        let listener = try await Connection.open(configuration, logger: logger)
        let sender = try await Connection.open(configuration, logger: logger)
        try await listener.listen("floor")
        var times: [Double] = []
        for _ in 0..<rounds {
            let began = ContinuousClock.now
            async let arrival = listener.notification(within: .seconds(10))
            _ = try await sender.query("SELECT pg_notify('floor', '1 events')")
            guard try await arrival != nil,
                try await listener.query("SELECT document FROM partition_registry.map").count == 1
            else { throw LookupBenchmark.Failure(description: "PostgreSQL's bare message got lost") }
            times.append((ContinuousClock.now - began) / .milliseconds(1))
        }
        await listener.close()
        await sender.close()
        return times
    }
}

/// A connection to Redis that knows where replies end and nothing else.
private struct RawRedis: ~Copyable {
    private let socket: Int32
    private var buffer: [UInt8] = []
    private var position = 0

    static func rounds(_ count: Int, port: Int) throws -> [Double] {
        var listener = try RawRedis(port: port)
        var sender = try RawRedis(port: port)
        try listener.send("SUBSCRIBE", "floor")
        try listener.skipReply()
        var times: [Double] = []
        for _ in 0..<count {
            let began = ContinuousClock.now
            try sender.send("PUBLISH", "floor", "events_0")
            try listener.skipReply()
            try sender.skipReply()
            try sender.send("HGET", "{partition_map:events}:meta", "document")
            try sender.skipReply()
            times.append((ContinuousClock.now - began) / .milliseconds(1))
        }
        return times
    }

    init(port: Int) throws {
        socket = Glibc.socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_port = in_port_t(port).bigEndian
        address.sin_addr.s_addr = in_addr_t(0x7f00_0001).bigEndian
        let descriptor = socket
        let length = socklen_t(MemoryLayout<sockaddr_in>.size)
        let isConnected = withUnsafeBytes(of: &address) { raw in
            raw.baseAddress.map { connect(descriptor, $0.assumingMemoryBound(to: sockaddr.self), length) == 0 } ?? false
        }
        guard isConnected else { throw Self.failure }
        var flag: Int32 = 1
        setsockopt(descriptor, Int32(IPPROTO_TCP), TCP_NODELAY, &flag, socklen_t(MemoryLayout<Int32>.size))
    }

    deinit { close(socket) }

    func send(_ words: String...) throws {
        var text = "*\(words.count)\r\n"
        for word in words { text += "$\(word.utf8.count)\r\n\(word)\r\n" }
        let bytes = Array(text.utf8)
        guard write(socket, bytes, bytes.count) == bytes.count else { throw Self.failure }
    }

    mutating func skipReply() throws {
        let line = try line()
        guard let kind = line.first else { throw Self.failure }
        switch kind {
        case "*": for _ in 0..<(Int(line.dropFirst()) ?? 0) { try skipReply() }
        case "$": try skip((Int(line.dropFirst()) ?? 0) + 2)
        case "+", ":": break
        default: throw Self.failure
        }
    }

    private mutating func line() throws -> String {
        while true {
            if let end = buffer[position...].firstIndex(of: UInt8(ascii: "\n")) {
                let text = String(decoding: buffer[position..<end].dropLast(), as: UTF8.self)
                position = end + 1
                return text
            }
            try fill()
        }
    }

    private mutating func skip(_ count: Int) throws {
        while buffer.count - position < count { try fill() }
        position += count
    }

    private mutating func fill() throws {
        buffer.removeFirst(position)
        position = 0
        let found = withUnsafeTemporaryAllocation(of: UInt8.self, capacity: 1 << 16) { room in
            let count = read(socket, room.baseAddress, room.count)
            if count > 0 { buffer.append(contentsOf: room[..<count]) }
            return count
        }
        guard found > 0 else { throw Self.failure }
    }

    private static var failure: LookupBenchmark.Failure {
        LookupBenchmark.Failure(description: "Redis' bare message got lost")
    }
}
