// SPDX-License-Identifier: Apache-2.0
// Part of partition-cli. See LICENSE and CONTRIBUTING.md.

#if canImport(FoundationEssentials)
    import FoundationEssentials
#else
    import Foundation
#endif

#if canImport(Darwin)
    import Darwin
#else
    import Glibc
#endif

/// What a reader of the figures has to know of the machine; from `/proc`, as on Linux.
enum Machine {
    static var processor: String {
        let line = text("/proc/cpuinfo").split(separator: "\n").first { $0.hasPrefix("model name") }
        let name = line?.split(separator: ":").last.map { $0.drop { $0 == " " } }
        return name.map(String.init) ?? "unknown processor"
    }

    static var cores: Int { ProcessInfo.processInfo.activeProcessorCount }

    static var memoryGiB: Int { Int((Double(ProcessInfo.processInfo.physicalMemory) / Double(1 << 30)).rounded()) }

    static var kernel: String {
        let words = text("/proc/sys/kernel/osrelease").split(whereSeparator: \.isWhitespace)
        return words.first.map(String.init) ?? "unknown"
    }

    /// How many processes were running or waiting for the disk, on average over the last minute.
    static var load: Double {
        text("/proc/loadavg").split(separator: " ").first.flatMap { Double($0) } ?? 0
    }

    /// In UTC, to the minute.
    static func date() -> String {
        let text = Date.now.formatted(.iso8601)
        return text.prefix(16).split(separator: "T").joined(separator: " ")
    }

    /// Processor seconds of the children that a process has reaped.
    static func secondsOfReapedChildren(of pid: Int32) -> Double {
        // "pid (name) state ppid …": the sixteenth and seventeenth field are cutime and cstime, in ticks.
        let status = text("/proc/\(pid)/stat")
        guard let end = status.lastIndex(of: ")") else { return 0 }
        let fields = status[status.index(after: end)...].split(separator: " ")
        guard fields.count > 14, let user = Double(fields[13]), let system = Double(fields[14]) else { return 0 }
        return (user + system) / Double(sysconf(CInt(_SC_CLK_TCK)))
    }

    static func text(_ path: String) -> String {
        guard let data = FileManager.default.contents(atPath: path) else { return "" }
        return String(decoding: data, as: UTF8.self)
    }
}
