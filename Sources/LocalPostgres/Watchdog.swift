// SPDX-License-Identifier: Apache-2.0
// Part of partition-cli. See LICENSE and CONTRIBUTING.md.

#if canImport(Darwin)
    import Darwin
#else
    import Glibc
#endif

/// A small shell that outlives us by a moment: when our end of its pipe closes, whether by ``finish()`` or by our death,
/// it ends the server and removes the directory. So not even `kill -9` leaves a server behind.
final class Watchdog {
    private static let script = """
        trap '' HUP INT TERM
        read -r _
        pid=$(head -n 1 "$1/data/postmaster.pid" 2>/dev/null)
        if [ -n "$pid" ]; then
            kill -QUIT "$pid"
            kill -CONT "$pid"
            tries=0
            while kill -0 "$pid" && [ "$tries" -lt 100 ]; do
                sleep 0.1
                tries=$((tries + 1))
            done
            if [ "$tries" -eq 100 ]; then kill -KILL "$pid"; fi
            if [ -n "$2" ]; then rm -f -- "$2/postgres-$pid.pid"; fi
        fi 2>/dev/null
        rm -rf -- "$1"
        """

    private let lifeline: Pipe
    private let shell: ChildProcess

    /// - Parameter pidDirectory: where ``Cluster`` keeps the server's pid; the file goes with the server, as somebody else may
    ///   get its number.
    init(directory: String, pidDirectory: String?) throws(ClusterError) {
        lifeline = try Pipe()
        let null = open("/dev/null", O_WRONLY | O_CLOEXEC)
        defer { close(null) }
        let command = Command([
            "/bin/sh", "-c", Self.script, "partition-cli-watchdog", directory, pidDirectory ?? "",
        ])
        shell = ChildProcess(try command.spawn(input: lifeline.readEnd, output: null))
    }

    /// Ends the server, removes the directory, and waits for both.
    func finish() async {
        lifeline.closeWriteEnd()
        _ = await shell.exit(within: .seconds(30))
    }
}
