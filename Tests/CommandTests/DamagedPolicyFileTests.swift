// SPDX-License-Identifier: Apache-2.0
// Part of partition-cli. See LICENSE and CONTRIBUTING.md.

import Foundation
import PolicyFile
import Testing
import TestSupport

@Suite("A damaged policy file", .temporaryDatabase)
struct DamagedPolicyFileTests {
    private static let whole = """
        registry: none
        defaults:
          buffer: 60d
          emergency: 14d
          timezone: UTC
          quota: { threshold: 80%, capacity: 2 TiB }
        tables:
          public.events:
            by: { range: event_ts, every: month, anchor: 2026-01-01 }
            name: "{table}_{yyyy}_{mm}"
            default: keep
            drain: off
            buffer: 60d
          app.metrics:
            by:
              range: seen_at
              every: 6 hours
            timezone: Europe/Berlin
            window: "02:00-05:00"
            retain: { for: 13 months, then: keep }
        """

    /// A line with one thing wrong in it. Some stay good lines: an anchor may be missing, a table may be called anything.
    private static let damages: [@Sendable (String) -> String] = [
        { $0.replacingOccurrences(of: ":", with: "") },
        { $0.replacingOccurrences(of: ": ", with: ":") },
        { $0 + "\n" + $0 },
        { "\t" + $0 },
        { "   " + $0 },
        { $0 + " }" },
        { $0 + " \"" },
        { $0 + " &anchor *nobody" },
        { $0 + "\u{7}" },
        { line in line.replacing(#/[a-z]+:/#) { "x" + $0.output } },
        { line in line.replacing(#/: [^{ ].*/#, with: ": -1 parsecs") },
        { line in line.replacing(#/: .+/#, with: ": [1, 2") },
        { line in line.replacing(#/: .+/#, with: ": ${NOBODY}") },
        { line in line.replacing(#/: .+/#, with: ": !!binary eA==") },
        { line in line.replacing(#/[a-z]+: /#, with: "<<: ") },
    ]

    /// Every damage in every line, those that stay good files left out.
    private static var damaged: [String] {
        let lines = whole.components(separatedBy: "\n")
        return lines.indices.flatMap { index in
            damages.compactMap { damage in
                var changed = lines
                changed[index] = damage(lines[index])
                let text = changed.joined(separator: "\n")
                return isGood(text) ? nil : text
            }
        }
    }

    private static func isGood(_ text: String) -> Bool {
        (try? PolicyParser.parse(Array(text.utf8), file: "partitions.yaml", environment: [:])) != nil
    }

    @Test("is refused with the place of what is wrong, each of 200; none crashes the program, and none is run by")
    func refused() async throws {
        let events = try await EventsTable()
        let before = try await events.fingerprint
        let folder = try Folder()
        #expect(Self.isGood(Self.whole))
        let files = Set(Self.damaged).sorted()
        #expect(files.count >= 200)
        for text in files {
            try folder.write("partitions.yaml", text)
            let result = try await Tool.run(["rotate", "--db-url=\(events.url)"], in: folder.url)
            #expect(result.status == 78 && result.output.isEmpty, "\(text)\n\(result.everything)")
            let place = try #require(
                result.error.firstMatch(of: #/partitions\.yaml:([0-9]+):([0-9]+): ./#),
                "\(text)\n\(result.everything)"
            )
            let line = try #require(Int(place.1))
            #expect((1...text.components(separatedBy: "\n").count + 1).contains(line), "\(text)\n\(result.everything)")
        }
        #expect(try await events.fingerprint == before)
        // It would have shown: the file without the damage makes partitions.
        try folder.write("partitions.yaml", Self.whole)
        let whole = try await Tool.run(["rotate", "--db-url=\(events.url)"], in: folder.url)
        #expect(try await events.fingerprint != before, "\(whole.everything)")
    }
}
