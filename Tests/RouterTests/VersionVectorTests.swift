// SPDX-License-Identifier: Apache-2.0
// Part of partition-cli. See LICENSE and CONTRIBUTING.md.

@testable import PartitionRouter
import Testing

#if canImport(FoundationEssentials)
    import FoundationEssentials
#else
    import Foundation
#endif

/// docs/registry/vectors/versions.json, which every client language must pass.
@Suite("The published sequences of versions")
struct VersionVectorTests {
    private struct Vector: Decodable {
        let why: String
        let steps: [Step]

        struct Step: Decodable {
            let read: Found?
            let expect: String
            let age: String
        }

        struct Found: Decodable {
            let version: Int64
            let checksum: String
        }
    }

    @Test("are taken, kept, or conflicts, and renew the age or don't")
    func sequences() throws {
        let root = #filePath.split(separator: "/", omittingEmptySubsequences: false).dropLast(3).joined(separator: "/")
        let data = try Data(contentsOf: URL(filePath: "\(root)/docs/registry/vectors/versions.json"))
        let vectors = try JSONDecoder().decode([Vector].self, from: data)
        #expect(vectors.count > 5)
        for vector in vectors {
            var machine = ReloadMachine(seed: 1)
            _ = machine.started(at: MonotonicTime(nanoseconds: 0))
            for (index, step) in vector.steps.enumerated() {
                let now = MonotonicTime(nanoseconds: Int64(index + 1) * 1_000_000_000)
                let found = step.read.map { MapIdentity(version: $0.version, checksum: $0.checksum) }
                let before = machine.served
                _ = machine.hinted(at: now)
                var actions = machine.headerRead(found, sentAt: now, at: now)
                if actions.contains(where: { if case .readDocument = $0 { true } else { false } }) {
                    actions += machine.documentRead(found, sentAt: now, at: now)
                }
                let relation = found.map { $0.relation(toServed: before) }
                let outcome =
                    switch relation {
                    case nil: "missing"
                    case .newer: "take"
                    case .same: "keep"
                    case .conflict: "conflict"
                    }
                #expect(outcome == step.expect, "\(vector.why), step \(index)")
                #expect(machine.served == (outcome == "take" ? found : before), "\(vector.why), step \(index)")
                #expect(actions.contains(.take(found ?? .init(version: 0, checksum: ""))) == (outcome == "take"))
                let age = machine.confirmedAt.map { $0 == now ? "renewed" : "kept" } ?? "none"
                #expect(age == step.age, "\(vector.why), step \(index)")
            }
        }
    }
}
