// SPDX-License-Identifier: Apache-2.0
// Part of partition-cli. See LICENSE and CONTRIBUTING.md.

import Dispatch
import LocalPostgres

#if canImport(Darwin)
    import Darwin
#else
    import Glibc
#endif

/// Why a benchmark can't go on.
struct BenchmarkError: Error, CustomStringConvertible {
    let description: String

    init(_ description: String) {
        self.description = description
    }
}

/// A program that is run once and measured as a whole, from its start to its end.
struct MeasuredProgram: Sendable {
    let arguments: [String]

    /// - Parameter arguments: the program's absolute path first.
    init(_ arguments: [String]) {
        self.arguments = arguments
    }

    struct Usage: Sendable {
        var status: Int32
        var wall: Duration
        /// Processor time, in the program and in the kernel for it.
        var processor: Duration
        /// The greatest resident set, in bytes.
        var peak: Int
        /// What it wrote to standard output.
        var output: String
        /// What it wrote to standard error.
        var complaint: String
    }

    /// On a thread of its own, which waits.
    func run() async throws -> Usage {
        try await withCheckedThrowingContinuation { (continuation: CheckedContinuation<Usage, any Error>) in
            DispatchQueue(label: "partition-benchmarks.program").async {
                continuation.resume(with: Result { try measure() })
            }
        }
    }

    /// - Throws: ``BenchmarkError`` where the program doesn't end with the status that it must.
    func run(expecting statuses: Set<Int32> = [0]) async throws -> Usage {
        let usage = try await run()
        guard statuses.contains(usage.status) else {
            throw BenchmarkError(
                "\(arguments.joined(separator: " ")) ended with \(usage.status): \(usage.complaint)\(usage.output.suffix(2000))"
            )
        }
        return usage
    }

    private func measure() throws(BenchmarkError) -> Usage {
        let output = try TemporaryFile()
        let complaint = try TemporaryFile()
        let begin = ContinuousClock.now
        let pid = try spawn(output: output.descriptor, complaint: complaint.descriptor)
        var status: CInt = 0
        var usage = rusage()
        while wait4(pid, &status, 0, &usage) == -1 {
            guard errno == EINTR else { throw BenchmarkError("\(arguments[0]) can't be waited for") }
        }
        let wall = ContinuousClock.now - begin
        // The exit status, or 128 and the signal, as a shell says it.
        let code = status & 0x7f == 0 ? (status >> 8) & 0xff : 128 + (status & 0x7f)
        return Usage(
            status: code,
            wall: wall,
            processor: Self.duration(usage.ru_utime) + Self.duration(usage.ru_stime),
            peak: Int(usage.ru_maxrss) * 1024,
            output: output.text(),
            complaint: complaint.text()
        )
    }

    private func spawn(output: CInt, complaint: CInt) throws(BenchmarkError) -> pid_t {
        #if canImport(Darwin)
            var actions: posix_spawn_file_actions_t?
        #else
            var actions = posix_spawn_file_actions_t()
        #endif
        posix_spawn_file_actions_init(&actions)
        defer { posix_spawn_file_actions_destroy(&actions) }
        posix_spawn_file_actions_addopen(&actions, STDIN_FILENO, "/dev/null", O_RDONLY, 0)
        posix_spawn_file_actions_adddup2(&actions, output, STDOUT_FILENO)
        posix_spawn_file_actions_adddup2(&actions, complaint, STDERR_FILENO)
        // Nothing of the caller's may redirect psql or ours.
        let environment = ProcessEnvironment.current
            .filter { !$0.key.hasPrefix("PG") && !["DB_URL", "REGISTRY_URL"].contains($0.key) }
            .map { "\($0.key)=\($0.value)" }
        let argumentList = arguments.map { strdup($0) } + [nil]
        let environmentList = environment.map { strdup($0) } + [nil]
        defer { (argumentList + environmentList).forEach { free($0) } }
        var pid: pid_t = 0
        let code = posix_spawn(&pid, arguments[0], &actions, nil, argumentList, environmentList)
        guard code == 0 else {
            throw BenchmarkError("\(arguments[0]) can't be started: \(String(cString: strerror(code)))")
        }
        return pid
    }

    private static func duration(_ time: timeval) -> Duration {
        .seconds(Int64(time.tv_sec)) + .microseconds(Int64(time.tv_usec))
    }
}

/// A file without a name, gone with the value.
private struct TemporaryFile: ~Copyable {
    let descriptor: CInt

    init() throws(BenchmarkError) {
        var template = Array("/tmp/partition-benchmarks-XXXXXX".utf8CString)
        descriptor = mkstemp(&template)
        guard descriptor >= 0 else { throw BenchmarkError("no temporary file can be made") }
        unlink(template)
        _ = fcntl(descriptor, F_SETFD, FD_CLOEXEC)
    }

    deinit { close(descriptor) }

    func text() -> String {
        var bytes: [UInt8] = []
        var buffer = [UInt8](repeating: 0, count: 65_536)
        while true {
            let count = pread(descriptor, &buffer, buffer.count, off_t(bytes.count))
            if count <= 0 { break }
            bytes += buffer[..<count]
        }
        return String(decoding: bytes, as: UTF8.self)
    }
}
