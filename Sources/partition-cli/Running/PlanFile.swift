// SPDX-License-Identifier: Apache-2.0
// Part of partition-cli. See LICENSE and CONTRIBUTING.md.

import Partitioning
import PartitionMap

#if canImport(FoundationEssentials)
    import FoundationEssentials
#else
    import Foundation
#endif

/// A saved plan as a file: JSON that people can read, under a digest that tells when somebody has changed it.
enum PlanFile {
    private static let format = "partition-cli plan"
    private static let schemaVersion = 1
    private static let sizeLimit = 256 << 20

    private struct Envelope<Content: Codable>: Codable {
        var format: String
        var schemaVersion: Int
        var plan: Content
    }

    /// The member that holds the SHA-256 of all others, written with sorted keys and without insignificant space.
    private static let digestMember = "digest"

    /// - Throws: ``CommandFailure``.
    static func write(_ plan: SavedPlan, to file: WrittenFile) throws {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .prettyPrinted, .withoutEscapingSlashes]
        let envelope = Envelope(format: format, schemaVersion: schemaVersion, plan: plan)
        var members = try JSONDecoder().decode([String: JSONText].self, from: encoder.encode(envelope))
        members[digestMember] = .text(try digest(members))
        try file.write(String(decoding: try encoder.encode(members), as: UTF8.self) + "\n")
    }

    /// - Throws: ``CommandFailure`` of status `usage` for a file that isn't a plan, `failed` for one that was changed.
    static func read(_ path: String) throws(CommandFailure) -> SavedPlan {
        let data = Data(try InputFile(path: path, name: "plan file", sizeLimit: sizeLimit).bytes())
        guard let raw = try? JSONDecoder().decode(Envelope<JSONText>.self, from: data), raw.format == format else {
            throw CommandFailure(
                .usage,
                "\(path) is not a plan file",
                remedy: "partition-cli plan --out=plan.json makes one"
            )
        }
        guard raw.schemaVersion == schemaVersion else {
            throw CommandFailure(
                .usage,
                "\(path) has the schema version \(raw.schemaVersion), and this program knows \(schemaVersion)",
                remedy: "make the plan anew with this version"
            )
        }
        guard var members = try? JSONDecoder().decode([String: JSONText].self, from: data),
            let stored = members.removeValue(forKey: digestMember), (try? digest(members)).map(JSONText.text) == stored,
            let plan = try? JSONDecoder().decode(Envelope<SavedPlan>.self, from: data).plan
        else {
            throw CommandFailure(
                .failed,
                "\(path) was changed after it was made: its digest is not that of its content",
                remedy: "nothing was executed. Make the plan anew: partition-cli plan --out=\(path) --force"
            )
        }
        return plan
    }

    private static func digest(_ members: [String: JSONText]) throws -> String {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        return hexadecimalSHA256(Array(try encoder.encode(members)))
    }
}
