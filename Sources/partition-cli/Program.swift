// SPDX-License-Identifier: Apache-2.0
// Part of partition-cli. See LICENSE and CONTRIBUTING.md.

import ArgumentParser
import LocalPostgres
import Logging

#if canImport(Darwin)
    import Darwin
#else
    import Glibc
#endif

/// Where the process begins: arguments, signals, the command, its exit status.
@main
struct Program {
    static func main() async {
        Standard.occupyDescriptors()
        let arguments = ProcessArguments.takeHidingSecrets()
        // A closed pipe must not kill a run between two statements; the write that fails is enough.
        signal(SIGPIPE, SIG_IGN)
        let status = await run(arguments)
        exit(delivered(status).code)
    }

    /// A result that nobody could read isn't a success; another outcome stays what it is.
    private static func delivered(_ status: ExitStatus) -> ExitStatus {
        let lost = Standard.lostOutput
        guard lost != 0 else { return status }
        let failure = CommandFailure(
            .failed,
            "the result could not be written to standard output: \(String(cString: strerror(lost)))",
            remedy: "see where standard output goes; what was done in the database stays done"
        )
        Standard.error.write(failure.text + "\n")
        return status == .success || status == .changesPlanned ? failure.status : status
    }

    private static func run(_ arguments: ProcessArguments) async -> ExitStatus {
        if let failure = EmptyURL.failure(in: arguments.values) {
            show(failure)
            return failure.status
        }
        let command: any ParsableCommand
        do {
            command = try PartitionCLI.parseAsRoot(arguments.values)
        } catch {
            return refuse(error, arguments)
        }
        guard let command = command as? any Command else { return showHelp(of: command) }
        let interruption = Interruption()
        let console = Console(command.output, environment: ProcessEnvironment.current, interruption: interruption)
        return await interruption.guarding(
            heeded: { number in
                let signal: Logger.Metadata = ["signal": "\(number == SIGINT ? "SIGINT" : "SIGTERM")"]
                console.logger.notice(
                    "interrupted: what is done is concluded; a second signal ends at once",
                    metadata: signal
                )
            },
            { await Self.perform(command, console) }
        )
    }

    private static func perform(_ command: any Command, _ console: Console) async -> ExitStatus {
        do {
            return try await command.perform(console)
        } catch {
            var failure = CommandFailure(error)
            failure.status = await console.interruption.status ?? failure.status
            console.show(failure, command: type(of: command).name)
            return failure.status
        }
    }

    /// `help`, `--help` and `--version` are commands of the parser's own.
    private static func showHelp(of command: any ParsableCommand) -> ExitStatus {
        var command = command
        do {
            try command.run()
        } catch {
            Standard.output.write(PartitionCLI.fullMessage(for: error, columns: width(of: .output)) + "\n")
        }
        return .success
    }

    private static func refuse(_ error: any Error, _ arguments: ProcessArguments) -> ExitStatus {
        let isAsked = PartitionCLI.exitCode(for: error) == .success
        let stream: Standard = isAsked ? .output : .error
        let words = arguments.values
        if !isAsked, let failure = StrayWord.failure(in: words) ?? UnknownCommand.failure(in: words) {
            show(failure)
        } else {
            var message = PartitionCLI.fullMessage(for: error, columns: width(of: stream))
            if isAsked, let script = CompletionScript.mended(message, arguments: arguments.values) { message = script }
            stream.write(arguments.withoutSecrets(message) + "\n")
        }
        return isAsked ? .success : .usage
    }

    /// Before there are options that say how.
    private static func show(_ failure: CommandFailure) {
        let rendition = Rendition(columns: Standard.error.columns, environment: ProcessEnvironment.current)
        Standard.error.write(failure.page.text(rendition))
    }

    /// The parser itself would take `COLUMNS` for the width of a pipe.
    private static func width(of stream: Standard) -> Int {
        Rendition(columns: stream.columns, environment: [:]).drawingWidth
    }
}
