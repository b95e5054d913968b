// SPDX-License-Identifier: Apache-2.0
// Part of partition-cli. See LICENSE and CONTRIBUTING.md.

import Dispatch
import PartitionMap
import PartitionRegistryRedis
import PartitionRouter
import Synchronization
import TestSupport
import Testing

#if canImport(Darwin)
    import Darwin
#else
    import Glibc
#endif

@Suite("What answers on Redis' port but isn't Redis")
struct HostileServerTests {
    private static let hello = "%1\r\n$4\r\nrole\r\n$6\r\nmaster\r\n"

    @Test(
        "is unreachable, whatever it sends",
        arguments: [
            "HTTP/1.1 400 Bad Request\r\n\r\n", "\0\0\0\0\r\n", "$99999999999\r\n", "$-2\r\n", "*1000000000\r\n",
            "*-7\r\n",
            ":12x\r\n", "$3\r\nabcdef\r\n", "+no line feed\r\r\r", "%99999\r\n",
            String(repeating: "*1\r\n", count: 5000),
            String(repeating: "x", count: 200_000), "+" + String(repeating: "x", count: 200_000),
            hello + "+a\r\n+b\r\n+c\r\n",
            hello + "*3\r\n:1\r\n:2\r\n:3\r\n", hello + "$3\r\nab", hello + "*2\r\n$1\r\na\r\n:9223372036854775808\r\n",
            "",
            hello + "_\r\n", hello + "#x\r\n", hello + ">2\r\n+pmessage\r\n+x\r\n",
        ]
    )
    func garbage(text: String) async throws {
        let server = try FakeServer(sending: Array(text.utf8))
        let url = try RegistryURL(parsing: "redis://127.0.0.1:\(server.port)?timeout=1")
        let registry = try RedisRegistry(url, logger: .test)
        let error = await #expect(throws: RegistryError.self) { try await registry.load(events) }
        #expect(error?.code == .unreachable)
        // It was there, and was heard.
        #expect(server.connections > 0, "\(error?.message ?? "")")
    }
}

/// Takes one connection at a time, sends the same bytes to each, and reads nothing.
private final class FakeServer: Sendable {
    let port: Int
    private let socket: CInt
    private let accepted = Counter()

    /// How many connections were taken.
    var connections: Int { accepted.value.load(ordering: .relaxed) }

    private final class Counter: Sendable {
        let value = Atomic(0)
    }

    init(sending bytes: [UInt8]) throws {
        let descriptor = Glibc.socket(AF_INET, CInt(SOCK_STREAM.rawValue), 0)
        socket = descriptor
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_addr.s_addr = in_addr_t(0x7f00_0001).bigEndian
        var length = socklen_t(MemoryLayout<sockaddr_in>.size)
        let isBound = withUnsafeMutableBytes(of: &address) { raw in
            guard let start = raw.baseAddress?.assumingMemoryBound(to: sockaddr.self) else { return false }
            return bind(descriptor, start, length) == 0 && getsockname(descriptor, start, &length) == 0
        }
        try #require(isBound && listen(descriptor, 8) == 0)
        port = Int(UInt16(bigEndian: address.sin_port))
        DispatchQueue(label: "fake-server").async { [accepted] in
            while true {
                let connection = accept(descriptor, nil, nil)
                guard connection >= 0 else {
                    // Closed here and nowhere else: its number would be another socket's while accept still waits.
                    close(descriptor)
                    return
                }
                accepted.value.add(1, ordering: .relaxed)
                _ = bytes.withUnsafeBytes { send(connection, $0.baseAddress, $0.count, CInt(MSG_NOSIGNAL)) }
                var buffer = [UInt8](repeating: 0, count: 4096)
                while recv(connection, &buffer, buffer.count, 0) > 0 {}
                close(connection)
            }
        }
    }

    deinit {
        shutdown(socket, CInt(SHUT_RDWR))
    }
}
