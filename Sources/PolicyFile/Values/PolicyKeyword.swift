// SPDX-License-Identifier: Apache-2.0
// Part of partition-cli. See LICENSE and CONTRIBUTING.md.

import Partitioning

/// A value that is one of a few words.
protocol PolicyKeyword: PolicyValue, RawRepresentable, CaseIterable where RawValue == String {
    /// Words that are not in the grammar, and what they mean in it.
    static var synonyms: [String: Self] { get }
}

extension PolicyKeyword {
    static var synonyms: [String: Self] { [:] }

    init(policy scalar: YAMLScalar) throws(PolicyValueError) {
        // Not by `init(rawValue:)`: Swift compares texts by meaning, and these are to be compared by spelling.
        if let word = Self.allCases.first(where: { $0.rawValue.utf8.elementsEqual(scalar.text.utf8) }) {
            self = word
            return
        }
        let words = Self.allCases.map(\.rawValue)
        let last = words.last ?? ""
        throw PolicyValueError(
            "\(Quoted(scalar.text)) is none of \(words.dropLast().joined(separator: ", ")) and \(last)",
            suggestion: Self.synonyms[scalar.text.lowercased()]?.rawValue ?? NearestWord.to(scalar.text, among: words)
        )
    }
}
