// SPDX-License-Identifier: Apache-2.0
// Part of partition-cli. See LICENSE and CONTRIBUTING.md.

import BenchmarkReport

#if canImport(FoundationEssentials)
    import FoundationEssentials
#else
    import Foundation
#endif

/// What psql is given to send.
struct Scripts: Sendable {
    private var scripts: [ThroughputResults.Contender: (path: String, messages: Int)] = [:]

    init(_ recording: Recording, in directory: String) throws {
        let made = Dictionary(recording.partitions.map { ($0.oid, $0.name) }, uniquingKeysWith: { first, _ in first })
        let byHand = recording.partitions.flatMap { partition in
            [
                "CREATE TABLE \(partition.name) (LIKE \(partition.parent) INCLUDING ALL)",
                "ALTER TABLE \(partition.parent) ATTACH PARTITION \(partition.name) \(partition.bound)",
            ].map { LoggedMessage(text: $0) }
        }
        let kinds: [(ThroughputResults.Contender, [LoggedMessage])] = [
            (.everyStatement, recording.messages),
            (.changesAlone, ReplayScript.changesAlone(recording.messages)),
            (.byHand, byHand),
        ]
        for (contender, messages) in kinds {
            let script = ReplayScript(messages, made: made)
            let path = "\(directory)/\(contender.rawValue).sql"
            try script.text.write(toFile: path, atomically: true, encoding: .utf8)
            scripts[contender] = (path, script.messageCount)
        }
    }

    func path(_ contender: ThroughputResults.Contender) -> String? { scripts[contender]?.path }
    func messageCount(_ contender: ThroughputResults.Contender) -> Int? { scripts[contender]?.messages }
}
