// SPDX-License-Identifier: Apache-2.0
// Part of partition-cli. See LICENSE and CONTRIBUTING.md.

import Dispatch

#if canImport(Darwin)
    import Darwin
#else
    import Glibc
#endif

/// Turns SIGINT and SIGTERM into the cancellation of the command's task.
///
/// The command then ends what it is doing cleanly: what was committed is still verified and published. A second signal
/// ends the process at once; the next run repairs what that leaves.
actor Interruption {
    private static let signals = [SIGINT, SIGTERM]

    /// The signal that came first; nil while none has come.
    private var signal: CInt?

    /// The status of a process that was interrupted; nil while it wasn't.
    var status: ExitStatus? { signal.map(ExitStatus.init(endedBy:)) }

    /// Runs the body, and says how the process should end.
    ///
    /// - Parameter heeded: told of the first signal, when the body has been cancelled and a second one will be heard.
    func guarding(
        heeded: @escaping @Sendable (CInt) -> Void,
        _ body: @escaping @Sendable () async -> ExitStatus
    ) async -> ExitStatus {
        let (arrivals, arrived) = AsyncStream.makeStream(of: CInt.self)
        let sources = Self.signals.map { Self.source($0, arrived) }
        let work = Task { @concurrent in await body() }
        let watch = Task {
            for await number in arrivals {
                guard signal == nil else { _exit(128 + number) }
                signal = number
                work.cancel()
                heeded(number)
            }
        }
        let result = await work.value
        arrived.finish()
        await watch.value
        for source in sources { source.cancel() }
        return status ?? result
    }

    private static func source(
        _ number: CInt,
        _ arrived: AsyncStream<CInt>.Continuation
    ) -> any DispatchSourceSignal {
        // The default action would end the process before the source hears of it.
        #if canImport(Darwin)
            Darwin.signal(number, SIG_IGN)
        #else
            Glibc.signal(number, SIG_IGN)
        #endif
        let source = DispatchSource.makeSignalSource(signal: number, queue: .global())
        source.setEventHandler { @Sendable in arrived.yield(number) }
        source.resume()
        return source
    }
}
