// SPDX-License-Identifier: Apache-2.0
// Part of partition-cli. See LICENSE and CONTRIBUTING.md.

import CLibPQ

/// One attempt to connect, on the connection's thread.
struct Dial {
    let parameters: [String: String]
    let timeout: Duration
    let wakeUp: WakeUpPipe
    let interruption: Interruption

    /// - Returns: a connected, non-blocking handle that the caller owns.
    func connect(_ prepare: (OpaquePointer) -> Void) -> Result<OpaquePointer, PostgresError> {
        guard let handle = start() else {
            return .failure(PostgresError(.connectionRefused, "out of memory"))
        }
        prepare(handle)
        // The only way to the SQLSTATE of a refused connection: libpq has no field for it, but prints it when verbose.
        PQsetErrorVerbosity(handle, PQERRORS_VERBOSE)
        if let error = finish(handle) {
            PQfinish(handle)
            return .failure(error)
        }
        PQsetErrorVerbosity(handle, PQERRORS_DEFAULT)
        PQsetnonblocking(handle, 1)
        return .success(handle)
    }

    private func start() -> OpaquePointer? {
        // One enumeration for both, so that they stay in step.
        let pairs = parameters.map { (keyword: CStringBox($0), value: CStringBox($1)) }
        return withExtendedLifetime(pairs) {
            PQconnectStartParams(pairs.map(\.keyword.pointer) + [nil], pairs.map(\.value.pointer) + [nil], 0)
        }
    }

    private func finish(_ handle: OpaquePointer) -> PostgresError? {
        guard PQstatus(handle) != CONNECTION_BAD else { return PostgresError(connecting: handle) }
        let deadline = ContinuousClock.now + timeout
        // "Behave as if it had last returned PGRES_POLLING_WRITING" (PostgreSQL documentation, PQconnectPoll).
        var direction = Poll.Direction.write
        while true {
            if interruption.isRequested {
                return PostgresError(.cancelled, "connecting was cancelled")
            }
            if deadline <= .now {
                return PostgresError(.deadlineExceeded, "\(place) did not answer within \(timeout)")
            }
            // The socket may change from call to call: a name can have several addresses.
            guard Poll.wait(socket: PQsocket(handle), for: direction, wakeUp: wakeUp, until: deadline) else { continue }
            switch PQconnectPoll(handle) {
            case PGRES_POLLING_OK: return nil
            case PGRES_POLLING_READING: direction = .read
            case PGRES_POLLING_WRITING: direction = .write
            default: return PostgresError(connecting: handle)
            }
        }
    }

    private var place: String {
        let host = parameters["host"] ?? parameters["hostaddr"] ?? "the server"
        return parameters["port"].map { "\(host), port \($0)," } ?? host
    }
}
