// SPDX-License-Identifier: Apache-2.0
// Part of partition-cli. See LICENSE and CONTRIBUTING.md.

import CLibPQ

/// One message to the server and everything it answers, on the connection's thread.
///
/// Sends without blocking, waits with a bound, and always reads to the end, so that the connection is ready for the
/// next statement or known not to be.
struct Exchange: ~Copyable {
    /// What the server answered.
    struct Answer {
        /// One for each SQL statement that succeeded.
        var tables: [ResultTable] = []
        /// The first error; with it, `tables.count` is the number of statements before it.
        var error: PostgresError?
        /// Where in the SQL text the error is, in Unicode scalars from 1.
        var errorPosition: Int?
        /// Whether the connection can't be used any more.
        var isConnectionSpent = false
    }

    private let handle: OpaquePointer
    private let wakeUp: WakeUpPipe
    private let interruption: Interruption?
    private var patience: Patience
    private var request: CancelRequest?
    /// What `COPY … FROM STDIN` is given, once; nil where none is expected.
    private var copied: [UInt8]?

    /// - Parameter interruption: nil for statements that must not be ended by their task's cancellation.
    init(
        handle: OpaquePointer,
        wakeUp: WakeUpPipe,
        interruption: Interruption?,
        deadline: Duration?,
        grace: Duration,
        copying copied: [UInt8]? = nil
    ) {
        self.copied = copied
        self.handle = handle
        self.wakeUp = wakeUp
        self.interruption = interruption
        patience = Patience(deadline: deadline.map { .now + $0 }, grace: grace)
    }

    /// - Parameter send: hands the message to libpq (`PQsendQuery…`); false when libpq refused it.
    mutating func run(_ send: (OpaquePointer) -> Bool) -> Answer {
        var answer = Answer()
        guard send(handle) else {
            let lost = PQstatus(handle) == CONNECTION_BAD
            let message = PostgresError.oneLine(String(cString: PQerrorMessage(handle)))
            answer.error = PostgresError(lost ? .connectionLost : .protocolMisuse, message)
            answer.isConnectionSpent = lost
            return answer
        }
        do throws(PostgresError) {
            try flush()
            while let result = try nextResult() {
                try read(result, into: &answer)
            }
        } catch {
            // Not read to the end: whatever the server still sends would be taken for the next statement's answer.
            answer.error = error
            answer.isConnectionSpent = true
            return answer
        }
        settle(&answer)
        if PQstatus(handle) == CONNECTION_BAD {
            answer.isConnectionSpent = true
            // Of a FATAL the message comes first and the end of the stream after it.
            answer.error?.kind = .connectionLost
        }
        return answer
    }

    private mutating func flush() throws(PostgresError) {
        // After a failed write the reason may still be readable: reading goes on and reports it.
        while PQflush(handle) == 1 {
            try waitForSocket(.readOrWrite)
            if PQconsumeInput(handle) == 0 { return }
        }
    }

    private mutating func nextResult() throws(PostgresError) -> OpaquePointer? {
        while PQisBusy(handle) == 1 {
            try waitForSocket(.read)
            // PQgetResult then gives the error as a result, without waiting.
            if PQconsumeInput(handle) == 0 { break }
        }
        return PQgetResult(handle)
    }

    private mutating func read(_ pointer: OpaquePointer, into answer: inout Answer) throws(PostgresError) {
        let result = QueryResult(pointer)
        switch result.status {
        case PGRES_TUPLES_OK, PGRES_COMMAND_OK, PGRES_EMPTY_QUERY:
            do throws(PostgresError) {
                answer.tables.append(try result.table())
            } catch {
                answer.error = answer.error ?? error
            }
        case PGRES_COPY_IN where copied != nil:
            let bytes = copied ?? []
            copied = nil
            try sendCopy(bytes)
        case PGRES_COPY_IN, PGRES_COPY_OUT, PGRES_COPY_BOTH:
            throw PostgresError(
                .protocolMisuse,
                "COPY from or to the client is not supported; the connection is closed"
            )
        default:
            if answer.error == nil {
                answer.error = PostgresError(kindOfFailure(pointer), result: pointer)
                answer.errorPosition = PQresultErrorField(pointer, CLibPQ_diagPosition).flatMap {
                    Int(String(cString: $0))
                }
            }
        }
    }

    /// In pieces, each of which is on its way before the next one is handed over: libpq would keep them all.
    private mutating func sendCopy(_ bytes: [UInt8]) throws(PostgresError) {
        var sent = 0
        while sent < bytes.count {
            let count = min(1 << 16, bytes.count - sent)
            let taken = bytes.withUnsafeBytes { buffer in
                PQputCopyData(
                    handle,
                    buffer.baseAddress?.advanced(by: sent).assumingMemoryBound(to: CChar.self),
                    CInt(count)
                )
            }
            try check(taken)
            if taken == 1 { sent += count }
            try flush()
        }
        var ended: CInt = 0
        repeat {
            ended = PQputCopyEnd(handle, nil)
            try check(ended)
            try flush()
        } while ended == 0
    }

    private func check(_ result: CInt) throws(PostgresError) {
        guard result < 0 else { return }
        throw PostgresError(.connectionLost, PostgresError.oneLine(String(cString: PQerrorMessage(handle))))
    }

    private func kindOfFailure(_ result: OpaquePointer) -> PostgresError.Kind {
        let state = PQresultErrorField(result, CLibPQ_diagSQLState).map { SQLState(rawValue: String(cString: $0)) }
        return switch patience.reason {
        case .cancelled? where state == .queryCanceled: .cancelled
        case .deadline? where state == .queryCanceled: .deadlineExceeded
        default: .server
        }
    }

    /// Waits until the socket is ready; meanwhile does what deadline and cancellation ask for.
    private mutating func waitForSocket(_ direction: Poll.Direction) throws(PostgresError) {
        while true {
            switch nextAction() {
            case .wait(let until):
                if Poll.wait(socket: PQsocket(handle), for: direction, wakeUp: wakeUp, until: until) { return }
            case .requestCancel:
                request = CancelRequest.send(for: handle, wakeUp: wakeUp)
            case .giveUp(let reason):
                throw PostgresError(
                    reason == .deadline ? .deadlineExceeded : .cancelled,
                    "the server did not answer a request to cancel; the connection is closed, "
                        + "and whether the statement takes effect is not known"
                )
            }
        }
    }

    /// Waits until no cancel request is on its way: only then can none of them hit the next statement.
    private mutating func settle(_ answer: inout Answer) {
        while let request, !request.isDone {
            switch nextAction() {
            case .wait(let until):
                _ = Poll.wait(socket: -1, for: .none, wakeUp: wakeUp, until: until)
            case .requestCancel:
                // Not while one is in flight.
                continue
            case .giveUp:
                answer.isConnectionSpent = true
                return
            }
        }
    }

    private mutating func nextAction() -> Patience.Action {
        patience.next(
            now: .now,
            interrupted: interruption?.isRequested ?? false,
            requestInFlight: request.map { !$0.isDone } ?? false
        )
    }
}
