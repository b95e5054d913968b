// SPDX-License-Identifier: Apache-2.0
// Part of partition-cli. See LICENSE and CONTRIBUTING.md.

/// What is wrong at one place of a file, before the file has a name.
struct PolicyProblem: Hashable {
    let position: SourcePosition
    let message: String
    let suggestion: String?

    init(_ position: SourcePosition, _ message: String, suggestion: String? = nil) {
        self.position = position
        self.message = message
        self.suggestion = suggestion
    }
}

/// Something that is wrong with a policy file, or in it but not built yet.
package struct PolicyIssue: Error, Hashable, Sendable, CustomStringConvertible {
    /// As the caller named it.
    package let file: String
    package let position: SourcePosition
    /// One sentence, without a capital at its beginning and a full stop at its end. Never has a value of `database` or
    /// `registry` in it.
    package let message: String
    /// What was probably meant, as it would stand in the file.
    package let suggestion: String?

    init(_ problem: PolicyProblem, file: String) {
        self.file = file
        position = problem.position
        message = problem.message
        suggestion = problem.suggestion
    }

    /// `partitions.yaml:4:11: "60" has no unit; did you mean "60d"?`
    package var description: String {
        "\(file):\(position): \(message)" + (suggestion.map { "; did you mean \(Quoted($0))?" } ?? "")
    }
}

/// Everything that is wrong with a policy file.
package struct PolicyFileError: Error, Hashable, Sendable, CustomStringConvertible {
    /// No more issues than these are kept: the rest follow from a file that isn't a policy file at all.
    static let maximumIssues = 100

    /// In the order of the file; at least one.
    package let issues: [PolicyIssue]
    /// How many more there are than ``issues``.
    package let more: Int

    init(_ problems: [PolicyProblem], file: String) {
        // One mistake in what several aliases name is one mistake.
        var seen: Set<PolicyProblem> = []
        let distinct = problems.filter { seen.insert($0).inserted }
        // By position, and stable: what is found first at a place is the cause of the rest.
        let sorted = distinct.enumerated().sorted {
            ($0.element.position, $0.offset) < ($1.element.position, $1.offset)
        }
        issues = sorted.prefix(Self.maximumIssues).map { PolicyIssue($0.element, file: file) }
        more = max(0, sorted.count - Self.maximumIssues)
    }

    /// One line for each issue.
    package var description: String {
        (issues.map(\.description) + (more > 0 ? ["and \(more) more"] : [])).joined(separator: "\n")
    }
}

/// A text of the file inside a message: in quotes, on one line, not endless, and never a URL, which may have a password.
struct Quoted: CustomStringConvertible {
    private static let maximumLength = 60

    let description: String

    init(_ text: String) {
        guard !text.contains("://") else {
            description = "(a URL)"
            return
        }
        var shown = ""
        for scalar in text.unicodeScalars.prefix(Self.maximumLength) {
            switch scalar.properties.generalCategory {
            case .control, .format, .lineSeparator, .paragraphSeparator, .surrogate, .unassigned, .privateUse:
                shown += "\\u{\(String(scalar.value, radix: 16))}"
            default: shown.unicodeScalars.append(scalar)
            }
        }
        description = "\"\(shown)\(text.unicodeScalars.count > Self.maximumLength ? "…" : "")\""
    }
}
