// SPDX-License-Identifier: Apache-2.0
// Part of partition-cli. See LICENSE and CONTRIBUTING.md.

import PolicyFile
import SeededRandom
import Testing

@Suite("Mutated policy files")
struct MutationTests {
    /// Changes one to four places of a file.
    private func mutated(_ text: String, _ generator: inout SeededGenerator) -> [UInt8] {
        var bytes = Array(text.utf8)
        for _ in 0..<Int.random(in: 1...4, using: &generator) where !bytes.isEmpty {
            let place = Int.random(in: bytes.indices, using: &generator)
            let end = min(bytes.count, place + Int.random(in: 1...12, using: &generator))
            switch Int.random(in: 0...6, using: &generator) {
            case 0: bytes.removeSubrange(place..<end)
            case 1: bytes.insert(contentsOf: bytes[place..<end], at: place)
            case 2: bytes[place] = UInt8.random(in: .min ... .max, using: &generator)
            case 3:
                bytes.insert(Array("{}[]:,-?&*!|>'\"%@#\n\t $~0".utf8).randomElement(using: &generator) ?? 0, at: place)
            case 4: bytes.swapAt(place, end - 1)
            case 5:
                // A line elsewhere.
                var lines = bytes.split(separator: UInt8(ascii: "\n"), omittingEmptySubsequences: false)
                lines.swapAt(
                    Int.random(in: lines.indices, using: &generator),
                    Int.random(in: lines.indices, using: &generator)
                )
                bytes = Array(lines.joined(separator: [UInt8(ascii: "\n")]))
            default: bytes.removeLast(Int.random(in: 1...bytes.count, using: &generator))
            }
        }
        return bytes
    }

    @Test(
        "each gives a policy that can be written and read, or issues with a place in the file",
        arguments: 0..<2000 as Range<UInt64>
    )
    func mutation(seed: UInt64) throws {
        var generator = SeededGenerator(seed: seed)
        let sample = PolicySample.good.randomElement(using: &generator) ?? .good[0]
        let bytes = mutated(sample.text, &generator)
        let text = String(decoding: bytes, as: UTF8.self)
        do {
            let policy = try PolicyParser.parse(bytes, file: "f", environment: testEnvironment)
            _ = UnbuiltFeatures.unsupported(in: policy)
            #expect(try read(PolicyWriter().text(policy.document)).document == policy.document, "\(text)")
        } catch {
            #expect(!error.issues.isEmpty)
            // All that YAML takes for the end of a line; what is missing at the end is missing in the line after the last.
            let lines = text.unicodeScalars.count { "\n\r\u{85}\u{2028}\u{2029}".unicodeScalars.contains($0) } + 2
            for issue in error.issues {
                #expect((1...lines).contains(issue.position.line) && issue.position.column >= 1, "\(issue)")
                #expect(!issue.message.isEmpty && !issue.description.contains(secret), "\(issue)")
            }
        }
    }
}
