// SPDX-License-Identifier: Apache-2.0
// Part of partition-cli. See LICENSE and CONTRIBUTING.md.

import Foundation
import TestSupport

/// One life of a ``RouterProbe`` process, and what it said.
final class ProbeProcess: Sendable {
    /// A lookup that yielded a partition.
    struct Found {
        let partition: String
        let version: Int64
        /// Nanoseconds of the system's monotonic clock, just before.
        let at: Int64
    }

    let name: String
    private let pid: Int32
    private let output: URL

    /// - Parameter bound: of the map's age, in milliseconds.
    init(_ name: String, registry: String, conninfo: String, keys: Int, bound: Int) throws {
        self.name = name
        output = FileManager.default.temporaryDirectory.appendingPathComponent("probe-\(UUID())")
        _ = FileManager.default.createFile(atPath: output.path, contents: nil)
        let file = try FileHandle(forWritingTo: output)
        defer { try? file.close() }
        let process = Process()
        // The build puts it beside the bundle of the tests, which is this process.
        let bundle = try FileManager.default.destinationOfSymbolicLink(atPath: "/proc/self/exe")
        process.executableURL = URL(fileURLWithPath: bundle).deletingLastPathComponent()
            .appendingPathComponent("RouterProbe")
        process.arguments = [name, registry, conninfo, String(keys), String(bound)]
        process.standardInput = FileHandle.nullDevice
        process.standardOutput = file
        process.standardError = file
        try process.run()
        pid = process.processIdentifier
        guard let state = ProcessInfo.processInfo.environment["PARTITION_CLI_TEST_STATE"] else { return }
        // So that the test run ends it if we don't.
        try Data("\(pid)\n".utf8).write(to: URL(fileURLWithPath: state).appendingPathComponent("probe-\(pid).pid"))
    }

    func stop() { kill(pid, SIGSTOP) }
    func goOn() { kill(pid, SIGCONT) }
    func end() { kill(pid, SIGKILL) }

    func remove() {
        end()
        try? FileManager.default.removeItem(at: output)
    }

    /// The whole lines so far, as words.
    var lines: [[String]] {
        let text = (try? String(contentsOf: output, encoding: .utf8)) ?? ""
        return text.split(separator: "\n", omittingEmptySubsequences: false).dropLast()
            .map { $0.split(separator: " ").map(String.init) }
    }

    var taken: [Int64] { lines.filter { $0.first == "took" }.compactMap { Int64($0[1]) } }

    var found: [Found] {
        lines.filter { $0.first == "found" && $0.count == 4 }.map {
            Found(partition: $0[1], version: Int64($0[2]) ?? 0, at: Int64($0[3]) ?? 0)
        }
    }

    func count(_ words: String...) -> Int { lines.count { $0.starts(with: words) } }

    func hasTaken(_ version: Int64) async throws {
        try await eventually(within: .seconds(60), "router \(name) takes version \(version): \(lines.suffix(3))") {
            taken.last == version
        }
    }
}
