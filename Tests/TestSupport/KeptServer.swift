// SPDX-License-Identifier: Apache-2.0
// Part of partition-cli. See LICENSE and CONTRIBUTING.md.

/// A server that a test may stop, kill and start again.
package protocol KeptServer: Actor {
    /// nil while it doesn't run.
    var keeper: ServerKeeper? { get set }
}

extension KeptServer {
    /// SIGSTOP: the port still takes connections, and nobody answers.
    package func pause() async throws { try await running.pause() }

    package func resume() throws { try running.resume() }

    /// SIGKILL, and waits for the end. What it had persisted is there when it is started again.
    package func kill() async { await stop(keepingDirectory: true) }

    /// Ends the server and removes its directory.
    package func stop() async { await stop(keepingDirectory: false) }

    func stop(keepingDirectory: Bool) async {
        guard let keeper else { return }
        self.keeper = nil
        keeper.finish(keepingDirectory: keepingDirectory)
        while !keeper.hasEnded { try? await Task.sleep(for: .milliseconds(5)) }
    }

    var running: ServerKeeper {
        get throws {
            guard let keeper else { throw ServerError("the server isn't running") }
            return keeper
        }
    }
}
