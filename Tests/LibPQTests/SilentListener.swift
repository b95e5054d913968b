// SPDX-License-Identifier: Apache-2.0
// Part of partition-cli. See LICENSE and CONTRIBUTING.md.

#if canImport(Darwin)
    import Darwin
#else
    import Glibc
#endif

/// A TCP port of 127.0.0.1 that takes connections and never says a word.
final class SilentListener {
    let port: Int
    private let descriptor: CInt

    struct Failure: Error {
        let code: CInt
    }

    init() throws {
        #if canImport(Darwin)
            descriptor = socket(AF_INET, SOCK_STREAM, 0)
        #else
            descriptor = socket(AF_INET, CInt(SOCK_STREAM.rawValue), 0)
        #endif
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_addr.s_addr = in_addr_t(0x7f00_0001).bigEndian
        var length = socklen_t(MemoryLayout<sockaddr_in>.size)
        let descriptor = self.descriptor
        let failed = withUnsafeMutableBytes(of: &address) { bytes -> Bool in
            guard let start = bytes.baseAddress?.assumingMemoryBound(to: sockaddr.self) else { return true }
            return bind(descriptor, start, length) != 0 || getsockname(descriptor, start, &length) != 0
                || listen(descriptor, 8) != 0
        }
        port = Int(UInt16(bigEndian: address.sin_port))
        if failed { throw Failure(code: errno) }
    }

    deinit {
        close(descriptor)
    }
}
