// SPDX-License-Identifier: Apache-2.0
// Part of partition-cli. See LICENSE and CONTRIBUTING.md.

#if canImport(Darwin)
    import Darwin
#else
    import Glibc
#endif

/// A throwaway PostgreSQL cluster in a temporary directory.
///
/// UTF-8 and C locale; everybody may connect through the Unix socket, over TCP (off unless asked for) only with a
/// password. `fsync` is off: a crash of the machine would lose data, a crash of the server doesn't. When the value goes
/// away, or this process dies in whatever way, the server is ended and the directory removed.
package actor Cluster {
    /// How a server is asked to stop (PostgreSQL documentation, "Shutting Down the Server").
    package enum StopMode: Sendable {
        /// Waits for all sessions to end.
        case smart
        /// Ends sessions, rolls back, writes everything out.
        case fast
        /// As a crash.
        case immediate
    }

    package nonisolated let installation: PostgresInstallation
    /// Of the Unix socket and, if on, of TCP on 127.0.0.1.
    package nonisolated let port: Int
    nonisolated let directory: ClusterDirectory
    let user: ServerUser
    private let watchdog: Watchdog
    /// Where a file with the server's pid is kept while it runs.
    let pidDirectory: String?
    /// What was spawned: the postmaster, or a launcher that waits for it.
    private var process: ChildProcess?

    package nonisolated var logFile: String { directory.log }
    package nonisolated var socketDirectory: String { directory.socket }
    package nonisolated var dataDirectory: String { directory.data }

    init(
        _ installation: PostgresInstallation,
        port: Int,
        directory: ClusterDirectory,
        user: ServerUser,
        pidDirectory: String?
    ) throws(ClusterError) {
        self.installation = installation
        self.port = port
        self.directory = directory
        self.user = user
        self.pidDirectory = pidDirectory
        watchdog = try Watchdog(directory: directory.path, pidDirectory: pidDirectory)
    }

    /// The postmaster's process id while the server runs.
    package var pid: Int32? {
        process == nil ? nil : directory.statusLines().first.flatMap { Int32($0) }
    }

    package var isRunning: Bool { process.map { !$0.hasExited() } ?? false }

    /// Starts the server on the data that is there and waits until it takes connections.
    package func launch() async throws {
        let log = open(directory.log, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0o644)
        guard log >= 0 else { throw ClusterError("\(directory.log) can't be written") }
        defer { close(log) }
        // After a crash the file of the last run is still there, and says ready.
        let stale = directory.statusLines()
        let command = user.command([installation.program("postgres"), "-D", directory.data])
        let process = ChildProcess(try command.spawn(output: log))
        self.process = process
        let end = ContinuousClock.now + .seconds(60)
        while !isReady(directory.statusLines(), stale: stale) {
            if process.hasExited() || end <= .now {
                throw ClusterError("the server did not start: \(directory.logTail())")
            }
            try await Task.sleep(for: .milliseconds(10))
        }
        recordPID()
    }

    /// - Throws: ``ClusterError`` when the server still runs after a minute.
    package func stop(_ mode: StopMode = .fast) async throws {
        guard let process, let pid else { return }
        let signal =
            switch mode {
            case .smart: SIGTERM
            case .fast: SIGINT
            case .immediate: SIGQUIT
            }
        _ = Self.send(signal, to: pid)
        try await waitForEnd(of: process, pid)
    }

    package func restart() async throws {
        try await stop()
        try await launch()
    }

    /// Sends a signal to the postmaster only.
    package func kill(_ signal: CInt) {
        if let pid { _ = Self.send(signal, to: pid) }
    }

    /// `kill -9` of the postmaster and all its children: the end of power, without the loss of the disk's cache.
    package func crash() async throws {
        guard let process, let pid else { return }
        // The postmaster first, so that it starts nothing new.
        let children = ChildProcess.children(of: pid)
        _ = Self.send(SIGKILL, to: pid)
        for child in children { _ = Self.send(SIGKILL, to: child) }
        try await waitForEnd(of: process, pid)
    }

    /// Stops every process of the server where it stands (SIGSTOP): connections stay open and nothing answers.
    package func pause() {
        guard let pid else { return }
        _ = Self.send(SIGSTOP, to: pid)
        for child in ChildProcess.children(of: pid) { _ = Self.send(SIGSTOP, to: child) }
    }

    package func resume() {
        guard let pid else { return }
        for child in ChildProcess.children(of: pid) { _ = Self.send(SIGCONT, to: child) }
        _ = Self.send(SIGCONT, to: pid)
    }

    /// Ends the server at once and removes every file. The value can't be used any more.
    package func remove() async {
        resume()
        try? await stop(.immediate)
        await watchdog.finish()
    }

    private func waitForEnd(of process: ChildProcess, _ pid: pid_t) async throws {
        guard await process.exit(within: .seconds(60)) else {
            throw ClusterError("the server (pid \(pid)) did not stop: \(directory.logTail())")
        }
        self.process = nil
        if let pidDirectory { unlink("\(pidDirectory)/postgres-\(pid).pid") }
    }

    /// The first lines are pid, directory and start time, the eighth is the state (PostgreSQL:
    /// src/include/utils/pidfile.h); pg_ctl waits in the same way.
    private func isReady(_ status: [String], stale: [String]) -> Bool {
        guard status.count >= 8, status.prefix(3) != stale.prefix(3) else { return false }
        return status[7].hasPrefix("ready") || status[7].hasPrefix("standby")
    }

    private func recordPID() {
        guard let pidDirectory, let pid, let file = fopen("\(pidDirectory)/postgres-\(pid).pid", "we") else { return }
        fputs("\(pid)\n", file)
        fclose(file)
    }

    private static func send(_ signal: CInt, to pid: pid_t) -> Bool {
        #if canImport(Darwin)
            Darwin.kill(pid, signal) == 0
        #else
            Glibc.kill(pid, signal) == 0
        #endif
    }
}
