// SPDX-License-Identifier: Apache-2.0
// Part of partition-cli. See LICENSE and CONTRIBUTING.md.

import Foundation

/// The real program, as a process of its own.
struct Tool: Sendable {
    /// What a run of it came to.
    struct Result: Sendable {
        var status: Int32
        var output: String
        var error: String

        /// Everything that anybody could have read.
        var everything: String { output + error }

        /// Standard output as a JSON object.
        var json: [String: Any] {
            get throws {
                let value = try JSONSerialization.jsonObject(with: Data(output.utf8))
                guard let object = value as? [String: Any] else { throw NoObject() }
                return object
            }
        }

        struct NoObject: Error {}
    }

    /// The build puts the program beside the bundle of the tests, which is this process.
    static var path: String {
        get throws {
            let bundle = try FileManager.default.destinationOfSymbolicLink(atPath: "/proc/self/exe")
            let path = URL(fileURLWithPath: bundle).deletingLastPathComponent().appendingPathComponent("partition-cli")
                .path
            guard FileManager.default.isExecutableFile(atPath: path) else { throw Missing(path: path) }
            return path
        }
    }

    struct Missing: Error, CustomStringConvertible {
        let path: String
        var description: String { "there is no program at \(path): swift build makes it" }
    }

    /// Runs it to its end, in a directory of its own that is empty unless one is given.
    static func run(
        _ arguments: [String],
        environment: [String: String] = [:],
        in directory: URL? = nil
    ) async throws -> Result {
        try await Running(path, arguments, environment, in: directory).result()
    }

    /// Starts it.
    static func start(_ arguments: [String], environment: [String: String] = [:]) throws -> Running {
        try Running(path, arguments, environment)
    }

    /// A run of another program, for what users have on their machines.
    static func shell(_ command: String, environment: [String: String]) async throws -> Result {
        try await Running("/bin/sh", ["-c", command], environment).result()
    }
}

/// A process that was started.
final class Running: Sendable {
    let pid: Int32
    private let directory: URL
    private let ended: Task<Int32, Never>

    /// The environment is the one given and nothing else, but for `PATH` and a locale.
    init(
        _ path: String,
        _ arguments: [String],
        _ environment: [String: String],
        in workingDirectory: URL? = nil
    ) throws {
        directory = FileManager.default.temporaryDirectory.appendingPathComponent("partition-cli-test-\(UUID())")
        try FileManager.default.createDirectory(at: directory, withIntermediateDirectories: false)
        let process = Process()
        process.executableURL = URL(fileURLWithPath: path)
        process.arguments = arguments
        let path = ProcessInfo.processInfo.environment["PATH"] ?? "/usr/bin:/bin"
        process.environment = ["PATH": path, "LANG": "C.UTF-8"].merging(environment) { _, new in new }
        process.currentDirectoryURL = workingDirectory ?? directory
        process.standardInput = FileHandle.nullDevice
        // Files, since a pipe that nobody reads fills up.
        let (output, error) = (try Self.file(directory, "output"), try Self.file(directory, "error"))
        process.standardOutput = output
        process.standardError = error
        let (ends, end) = AsyncStream.makeStream(of: Int32.self)
        process.terminationHandler = { process in
            let isSignal = process.terminationReason == .uncaughtSignal
            end.yield(isSignal ? 128 + process.terminationStatus : process.terminationStatus)
            end.finish()
        }
        try process.run()
        // The process has its own; these would stay open as long as the tests run.
        try output.close()
        try error.close()
        pid = process.processIdentifier
        ended = Task {
            for await status in ends { return status }
            return -1
        }
    }

    var error: String { read("error") }
    var output: String { read("output") }

    func signal(_ number: Int32) { kill(pid, number) }

    func result() async -> Tool.Result {
        let status = await ended.value
        let result = Tool.Result(status: status, output: read("output"), error: read("error"))
        try? FileManager.default.removeItem(at: directory)
        return result
    }

    private func read(_ name: String) -> String {
        (try? String(contentsOf: directory.appendingPathComponent(name), encoding: .utf8)) ?? ""
    }

    private static func file(_ directory: URL, _ name: String) throws -> FileHandle {
        let url = directory.appendingPathComponent(name)
        _ = FileManager.default.createFile(atPath: url.path, contents: nil)
        return try FileHandle(forWritingTo: url)
    }
}
