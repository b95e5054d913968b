// SPDX-License-Identifier: Apache-2.0
// Part of partition-cli. See LICENSE and CONTRIBUTING.md.

import PolicyFile
import Testing

@Suite("The corpus of policy files")
struct CorpusTests {
    @Test("every sample is read, or refused with exactly its issues", arguments: PolicySample.all)
    func verdict(_ sample: PolicySample) throws {
        let found = issues(sample.text)
        let rendering = found.map(\.description).joined(separator: "\n")
        try #require(found.count == sample.issues.count, "\(rendering)")
        for (issue, expected) in zip(found, sample.issues) {
            #expect(issue.position.description == expected.place, "\(rendering)")
            #expect(issue.message.contains(expected.fragment), "\(rendering)")
            #expect(issue.suggestion == expected.suggestion, "\(rendering)")
            #expect(issue.file == "partitions.yaml")
        }
    }

    @Test("what a message suggests is accepted where it would stand", arguments: PolicySample.all)
    func suggestions(_ sample: PolicySample) {
        // Samples with one mistake, which the suggestion mends.
        guard sample.issues.count == 1, let expected = sample.issues.first, let suggestion = expected.suggestion else {
            return
        }
        let place = expected.place.split(separator: ":").compactMap { Int($0) }
        var lines = sample.text.split(separator: "\n", omittingEmptySubsequences: false).map(String.init)
        let line = lines[place[0] - 1]
        let start = line.index(line.startIndex, offsetBy: place[1] - 1)
        var end = line[start...].firstIndex { ",}]".contains($0) } ?? line.endIndex
        // A key ends at its colon, a value in quotes at the second of them.
        if expected.fragment.hasPrefix("unknown key") || expected.fragment.contains("no schema") {
            end = line[start...].firstIndex(of: ":") ?? end
        }
        while end > start, line[line.index(before: end)] == " " { end = line.index(before: end) }
        lines[place[0] - 1] = line[..<start] + suggestion + line[end...]
        let mended = lines.joined(separator: "\n")
        #expect(issues(mended).map(\.description) == [], "\(mended)")
    }

    @Test("a sample's name is its own")
    func names() {
        let names = PolicySample.all.map(\.name)
        #expect(Set(names).count == names.count)
    }
}
