// SPDX-License-Identifier: Apache-2.0
// Part of partition-cli. See LICENSE and CONTRIBUTING.md.

import Dispatch

#if canImport(Darwin)
    import Darwin
#else
    import Glibc
#endif

/// A program to be run, without a shell.
struct Command {
    let arguments: [String]

    /// - Parameter arguments: the program's absolute path first.
    init(_ arguments: [String]) {
        self.arguments = arguments
    }

    /// Starts it in a process group of its own, so that a Ctrl-C on the terminal reaches us and not it.
    ///
    /// - Parameters:
    ///   - input: its standard input; nil is `/dev/null`.
    ///   - output: a descriptor for standard output and error.
    /// - Returns: the process id, which the caller has to reap.
    func spawn(input: CInt? = nil, output: CInt) throws(ClusterError) -> pid_t {
        #if canImport(Darwin)
            var actions: posix_spawn_file_actions_t?
            var attributes: posix_spawnattr_t?
        #else
            var actions = posix_spawn_file_actions_t()
            var attributes = posix_spawnattr_t()
        #endif
        posix_spawn_file_actions_init(&actions)
        posix_spawnattr_init(&attributes)
        defer {
            posix_spawn_file_actions_destroy(&actions)
            posix_spawnattr_destroy(&attributes)
        }
        if let input {
            posix_spawn_file_actions_adddup2(&actions, input, STDIN_FILENO)
        } else {
            posix_spawn_file_actions_addopen(&actions, STDIN_FILENO, "/dev/null", O_RDONLY, 0)
        }
        posix_spawn_file_actions_adddup2(&actions, output, STDOUT_FILENO)
        posix_spawn_file_actions_adddup2(&actions, output, STDERR_FILENO)
        // A server that inherits what we have open counts it against max_files_per_process, and may not start.
        for descriptor in Self.openDescriptors { posix_spawn_file_actions_addclose(&actions, descriptor) }
        posix_spawnattr_setflags(&attributes, Int16(POSIX_SPAWN_SETPGROUP))

        let environment = ProcessEnvironment.withoutPostgres.map { "\($0)=\($1)" }
        let argumentList = arguments.map { strdup($0) } + [nil]
        let environmentList = environment.map { strdup($0) } + [nil]
        defer { (argumentList + environmentList).forEach { free($0) } }
        var pid: pid_t = 0
        let code = posix_spawn(&pid, arguments[0], &actions, &attributes, argumentList, environmentList)
        guard code == 0 else {
            throw ClusterError("\(arguments[0]) can't be started: \(String(cString: strerror(code)))")
        }
        return pid
    }

    /// All but the standard ones. Closing one that isn't open any more is no error.
    private static var openDescriptors: [CInt] {
        guard let directory = opendir("/dev/fd") else { return [] }
        defer { closedir(directory) }
        var descriptors: [CInt] = []
        while let entry = readdir(directory) {
            let name = withUnsafePointer(to: &entry.pointee.d_name) { pointer in
                pointer.withMemoryRebound(to: CChar.self, capacity: 256) { String(cString: $0) }
            }
            if let number = CInt(name), number > STDERR_FILENO { descriptors.append(number) }
        }
        return descriptors
    }

    /// Runs it to its end and gives what it wrote. Blocks the thread: for programs that end at once.
    func output() throws(ClusterError) -> String {
        let pipe = try Pipe()
        let pid = try spawn(output: pipe.writeEnd)
        pipe.closeWriteEnd()
        let text = pipe.readToEnd()
        var status: CInt = 0
        while waitpid(pid, &status, 0) == -1 && errno == EINTR {}
        guard status == 0 else { throw ClusterError("\(arguments.joined(separator: " ")) failed: \(text)") }
        return text
    }

    /// As ``output()``, on a thread of its own.
    func run() async throws {
        _ = try await withCheckedThrowingContinuation { (continuation: CheckedContinuation<String, any Error>) in
            DispatchQueue(label: "partition-cli.command").async {
                continuation.resume(with: Result { try output() })
            }
        }
    }
}
