// SPDX-License-Identifier: Apache-2.0
// Part of partition-cli. See LICENSE and CONTRIBUTING.md.

import Testing

/// A policy file and what must be said about it.
struct PolicySample: Sendable, CustomTestStringConvertible {
    let name: String
    let text: String
    /// Empty for a good file.
    let issues: [ExpectedIssue]
    /// What the JSON Schema must say, which can't see everything that the parser sees.
    let schemaAccepts: Bool

    var testDescription: String { name }

    static func good(_ name: String, _ text: String) -> PolicySample {
        PolicySample(name: name, text: text, issues: [], schemaAccepts: true)
    }

    static func bad(_ name: String, _ text: String, _ issues: ExpectedIssue...) -> PolicySample {
        PolicySample(name: name, text: text, issues: issues, schemaAccepts: false)
    }

    /// One whose mistake a schema can't express.
    static func subtle(_ name: String, _ text: String, _ issues: ExpectedIssue...) -> PolicySample {
        PolicySample(name: name, text: text, issues: issues, schemaAccepts: true)
    }

    /// Three lines; a fourth line that is indented by four spaces belongs to the table.
    static let events = """
        tables:
          public.events:
            by: { range: ts, every: month }

        """

    /// Two lines; `level` begins at 3:11.
    static func by(_ level: String) -> String {
        """
        tables:
          public.events:
            by: { \(level) }

        """
    }

    /// Every sample of every file of the corpus.
    static let all = good + document + settings + tables + levels + retention
}

/// An issue that must be reported, at exactly this place.
struct ExpectedIssue: Sendable {
    /// `line:column`.
    let place: String
    /// A part of the message.
    let fragment: String
    let suggestion: String?

    init(_ place: String, _ fragment: String, suggests suggestion: String? = nil) {
        self.place = place
        self.fragment = fragment
        self.suggestion = suggestion
    }
}
