// SPDX-License-Identifier: Apache-2.0
// Part of partition-cli. See LICENSE and CONTRIBUTING.md.

import Dispatch

#if canImport(Darwin)
    import Darwin
#else
    import Glibc
#endif
#if canImport(FoundationEssentials)
    import FoundationEssentials
#else
    import Foundation
#endif

/// One run of a server, and the shell that ends it.
package final class ServerKeeper: Sendable {
    /// `$1` is the directory, the rest the server's command. A line on standard input ends the server, and so does that input's end; but `keep` keeps
    /// the directory.
    private static let script = """
        trap '' HUP INT TERM
        directory=$1
        shift
        "$@" </dev/null >"$directory/out" 2>&1 &
        pid=$!
        echo "$pid" >"$directory/pid.new" && mv "$directory/pid.new" "$directory/pid"
        read -r word
        kill -KILL "$pid" 2>/dev/null
        wait "$pid" 2>/dev/null
        rm -f "$directory/pid"
        [ "$word" = keep ] || rm -rf -- "$directory"
        """

    private let shell: pid_t
    private let lifeline: CInt
    private let directory: String
    private let name: String

    /// - Parameters:
    ///   - directory: for the server's files; removed at the end.
    ///   - name: of the file that tells the test run about the server.
    ///   - command: the server's, which must stay in the foreground.
    init(directory: String, name: String, command: [String]) throws {
        self.directory = directory
        self.name = name
        let (readEnd, writeEnd) = try Self.makePipe()
        defer { close(readEnd) }
        lifeline = writeEnd
        do {
            shell = try Self.spawn(["sh", "-c", Self.script, "server-keeper", directory] + command, input: readEnd)
        } catch {
            close(writeEnd)
            throw error
        }
    }

    /// Nil before the shell wrote it down.
    var serverPID: pid_t? { pid_t(Self.read("\(directory)/pid").filter(\.isNumber)) }

    /// `R`, `S`, `T` and so on (proc(5)) of a process or thread; nil for one that is gone.
    ///
    /// - Parameter place: its directory below `/proc`.
    private static func state(_ place: String) -> Character? {
        read("/proc/\(place)/stat").split(separator: ") ").last?.first
    }

    /// Also when the server itself ended.
    var hasEnded: Bool {
        // A zombie has ended too, for example since somebody else took its port: the shell that would wait for it is reading.
        if let pid = serverPID, kill(pid, 0) != 0 || Self.state("\(pid)") == "Z" { return true }
        return waitpid(shell, nil, WNOHANG) != 0
    }

    func finish(keepingDirectory: Bool) {
        // Said, not only closed: another child of ours may hold a copy of the pipe for a moment.
        Self.say(keepingDirectory ? "keep\n" : "stop\n", on: lifeline)
        close(lifeline)
        if let file = stateFile { unlink(file) }
        while waitpid(shell, nil, 0) == -1, errno == EINTR {}
    }

    func closePipe() { close(lifeline) }

    /// SIGSTOP: the port still takes connections, and nobody answers.
    func pause() async throws {
        let pid = try signal(SIGSTOP)
        // One thread after the other stops; the last of them could still answer.
        try await eventually("every thread of \(name) has stopped") {
            try FileManager.default.contentsOfDirectory(atPath: "/proc/\(pid)/task")
                .allSatisfy { [nil, "T"].contains(Self.state("\(pid)/task/\($0)")) }
        }
    }

    func resume() throws { _ = try signal(SIGCONT) }

    private func signal(_ number: CInt) throws -> pid_t {
        guard let pid = serverPID, kill(pid, number) == 0 else { throw ServerError("\(name) isn't running") }
        return pid
    }

    /// Tells the test run about the server, so that it can end leftovers.
    func register() {
        guard let file = stateFile, let pid = serverPID else { return }
        try? Self.write("\(pid)\n", to: file)
    }

    private var stateFile: String? {
        guard let state = getenv("PARTITION_CLI_TEST_STATE"), state.pointee != 0 else { return nil }
        return "\(String(cString: state))/\(name)-\(shell).pid"
    }
}

extension ServerKeeper {
    static func makeDirectory() throws -> String {
        let parent = getenv("TMPDIR").map { String(cString: $0) } ?? "/tmp"
        var template = Array("\(parent)/redis.XXXXXX".utf8CString)
        guard let made = template.withUnsafeMutableBufferPointer({ $0.baseAddress.flatMap { mkdtemp($0) } }) else {
            throw ServerError("no temporary directory")
        }
        return String(cString: made)
    }

    /// A port that nobody uses at the moment.
    static func freePort() throws -> Int {
        #if canImport(Darwin)
            let descriptor = socket(AF_INET, SOCK_STREAM, 0)
        #else
            let descriptor = socket(AF_INET, CInt(SOCK_STREAM.rawValue), 0)
        #endif
        defer { close(descriptor) }
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_addr.s_addr = in_addr_t(0x7f00_0001).bigEndian
        var length = socklen_t(MemoryLayout<sockaddr_in>.size)
        let isBound = withUnsafeMutableBytes(of: &address) { bytes in
            guard let start = bytes.baseAddress?.assumingMemoryBound(to: sockaddr.self) else { return false }
            return bind(descriptor, start, length) == 0 && getsockname(descriptor, start, &length) == 0
        }
        guard isBound else { throw ServerError("no free port") }
        return Int(UInt16(bigEndian: address.sin_port))
    }

    static func write(_ text: String, to path: String) throws {
        guard let file = fopen(path, "we") else { throw ServerError("\(path) can't be written") }
        defer { fclose(file) }
        fputs(text, file)
    }

    /// Empty when there is no such file.
    static func read(_ path: String) -> String {
        guard let file = fopen(path, "re") else { return "" }
        defer { fclose(file) }
        return readAll(fileno(file))
    }

    private static func say(_ line: String, on descriptor: CInt) {
        #if canImport(Darwin)
            _ = line.withCString { Darwin.write(descriptor, $0, line.utf8.count) }
        #else
            _ = line.withCString { Glibc.write(descriptor, $0, line.utf8.count) }
        #endif
    }

    private static func readAll(_ descriptor: CInt) -> String {
        var bytes: [UInt8] = []
        var buffer = [UInt8](repeating: 0, count: 1 << 16)
        while true {
            #if canImport(Darwin)
                let count = Darwin.read(descriptor, &buffer, buffer.count)
            #else
                let count = Glibc.read(descriptor, &buffer, buffer.count)
            #endif
            guard count > 0 else { return String(decoding: bytes, as: UTF8.self) }
            bytes += buffer[..<count]
        }
    }

    /// Other children don't inherit it, unless they are being started at this very moment.
    private static func makePipe() throws -> (readEnd: CInt, writeEnd: CInt) {
        var ends: [CInt] = [-1, -1]
        guard pipe(&ends) == 0 else { throw ServerError("no pipe") }
        for end in ends { _ = fcntl(end, F_SETFD, FD_CLOEXEC) }
        return (ends[0], ends[1])
    }

    private static func spawn(_ arguments: [String], input: CInt?, outputPath: String? = nil) throws -> pid_t {
        var actions = posix_spawn_file_actions_t()
        var attributes = posix_spawnattr_t()
        posix_spawn_file_actions_init(&actions)
        posix_spawnattr_init(&attributes)
        defer {
            posix_spawn_file_actions_destroy(&actions)
            posix_spawnattr_destroy(&attributes)
        }
        // A process group of its own, so that a Ctrl-C on the terminal reaches us and not it.
        posix_spawnattr_setflags(&attributes, Int16(POSIX_SPAWN_SETPGROUP))
        if let input {
            posix_spawn_file_actions_adddup2(&actions, input, STDIN_FILENO)
        } else {
            posix_spawn_file_actions_addopen(&actions, STDIN_FILENO, "/dev/null", O_RDONLY, 0)
        }
        if let outputPath {
            posix_spawn_file_actions_addopen(&actions, STDOUT_FILENO, outputPath, O_WRONLY, 0)
            posix_spawn_file_actions_adddup2(&actions, STDOUT_FILENO, STDERR_FILENO)
        }
        let list = arguments.map { strdup($0) } + [nil]
        defer { list.forEach { free($0) } }
        var pid: pid_t = 0
        guard posix_spawnp(&pid, arguments[0], &actions, &attributes, list, environ) == 0 else {
            throw ServerError("\(arguments[0]) can't be started: run `make setup`")
        }
        return pid
    }

    /// Runs a program to its end, on a thread of its own.
    static func run(_ arguments: [String]) async throws -> String {
        try await withCheckedThrowingContinuation { (continuation: CheckedContinuation<String, any Error>) in
            DispatchQueue(label: "partition-cli.test-command").async {
                continuation.resume(with: Result { try runBlocking(arguments) })
            }
        }
    }

    private static func runBlocking(_ arguments: [String]) throws -> String {
        // A file, not a pipe: a server that is started at this moment could inherit the pipe and keep it open.
        let directory = try makeDirectory()
        let path = "\(directory)/output"
        defer {
            unlink(path)
            rmdir(directory)
        }
        try write("", to: path)
        let pid = try spawn(arguments, input: nil, outputPath: path)
        var status: CInt = 0
        while waitpid(pid, &status, 0) == -1, errno == EINTR {}
        let output = read(path)
        guard status == 0 else { throw ServerError("\(arguments[0]) failed: \(output)") }
        return output.hasSuffix("\n") ? String(output.dropLast()) : output
    }
}
