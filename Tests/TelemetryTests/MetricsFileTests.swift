// SPDX-License-Identifier: Apache-2.0
// Part of partition-cli. See LICENSE and CONTRIBUTING.md.

import Foundation
import Telemetry
import Testing

@Suite("MetricsFile")
struct MetricsFileTests {
    private let directory: URL

    init() throws {
        directory = FileManager.default.temporaryDirectory.appendingPathComponent("metrics-\(UUID())")
        try FileManager.default.createDirectory(at: directory, withIntermediateDirectories: true)
    }

    private var path: String { directory.appendingPathComponent("partition.prom").path }

    @Test("it is replaced as a whole, readable by everybody, and leaves nothing beside")
    func replaced() throws {
        let file = MetricsFile(path)
        #expect(try file.samples() == [])
        try file.replace(with: "a 1\n")
        let reader = try #require(FileHandle(forReadingAtPath: path))
        try file.replace(with: "a 2\nb 3\n")
        // Who had it open reads the old one to its end.
        #expect(String(decoding: try reader.readToEnd() ?? Data(), as: UTF8.self) == "a 1\n")
        #expect(try file.samples().map(\.value) == [2, 3])
        let attributes = try FileManager.default.attributesOfItem(atPath: path)
        #expect(attributes[.posixPermissions] as? Int == 0o644)
        #expect(try FileManager.default.contentsOfDirectory(atPath: directory.path) == ["partition.prom"])
    }

    @Test("a directory that isn't there is an error that says what to do")
    func missingDirectory() throws {
        let file = MetricsFile(directory.appendingPathComponent("nowhere/partition.prom").path)
        #expect(try file.samples() == [])
        let error = #expect(throws: TelemetryError.self) { try file.replace(with: "a 1\n") }
        #expect(error?.message.contains("No such file or directory") == true)
        #expect(error?.remedy != nil)
    }

    @Test("what isn't a file of metrics is left as it is")
    func foreign() throws {
        try "root:x:0:0\n".write(toFile: path, atomically: false, encoding: .utf8)
        let error = #expect(throws: TelemetryError.self) { try MetricsFile(path).samples() }
        #expect(error?.message.contains("left as it is") == true)
        let directoryError = #expect(throws: TelemetryError.self) { try MetricsFile(directory.path).samples() }
        #expect(directoryError?.message.contains("left as it is") == true)
        mkfifo(path + ".fifo.prom", 0o600)
        #expect(throws: TelemetryError.self) { try MetricsFile(path + ".fifo.prom").samples() }
    }

    @Test("the new file isn't written through a link that somebody put at its place")
    func link() throws {
        let target = directory.appendingPathComponent("target").path
        try "untouched".write(toFile: target, atomically: false, encoding: .utf8)
        try FileManager.default.createSymbolicLink(atPath: "\(path).\(getpid()).new", withDestinationPath: target)
        try MetricsFile(path).replace(with: "a 1\n")
        #expect(try String(contentsOfFile: target, encoding: .utf8) == "untouched")
        #expect(try MetricsFile(path).samples().count == 1)
    }
}
