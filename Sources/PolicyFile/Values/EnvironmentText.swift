// SPDX-License-Identifier: Apache-2.0
// Part of partition-cli. See LICENSE and CONTRIBUTING.md.

/// A text with environment variables in it: `${DB_URL}`, `postgresql://app:${PASSWORD}@db/app`. `$$` is a dollar.
///
/// It may have a password in it, so only the names of variables are ever printed.
package struct EnvironmentText: Hashable, Sendable {
    private enum Part: Hashable {
        case literal(String)
        case variable(String)
    }

    private let parts: [Part]

    /// - Parameter template: as it stands in the file.
    package init(parsing template: String) throws(PolicyValueError) {
        var parts: [Part] = []
        var literal = ""
        var rest = template.unicodeScalars[...]
        while let scalar = rest.popFirst() {
            guard scalar == "$" else {
                literal.unicodeScalars.append(scalar)
                continue
            }
            switch rest.popFirst() {
            case "$": literal += "$"
            case "{":
                let name = rest.prefix { $0 != "}" }
                rest = rest.dropFirst(name.count)
                guard rest.popFirst() == "}" else {
                    throw PolicyValueError("the \"${\" has no \"}\" after it")
                }
                guard Self.isName(name) else {
                    throw PolicyValueError(
                        "between \"${\" and \"}\" stands something else than the name of an environment variable: letters, "
                            + "digits and _, and no digit first"
                    )
                }
                if !literal.isEmpty { parts.append(.literal(literal)) }
                literal = ""
                parts.append(.variable(String(name)))
            default:
                throw PolicyValueError("a single dollar: write ${NAME} for an environment variable and $$ for a dollar")
            }
        }
        if !literal.isEmpty { parts.append(.literal(literal)) }
        self.parts = parts
    }

    private static func isName(_ name: Substring.UnicodeScalarView) -> Bool {
        guard let first = name.first, !("0"..."9").contains(first) else { return false }
        return name.allSatisfy {
            ("a"..."z").contains($0) || ("A"..."Z").contains($0) || ("0"..."9").contains($0) || $0 == "_"
        }
    }

    /// The text with the variables' values in place of their names. Values are taken as they are, dollars and all.
    ///
    /// - Throws: the name of the first variable that isn't defined, or of those that are empty where nothing is left.
    package func expanded(with environment: [String: String]) throws(PolicyValueError) -> String {
        var text = ""
        for part in parts {
            switch part {
            case .literal(let literal): text += literal
            case .variable(let name):
                guard let value = environment[name] else {
                    throw PolicyValueError("the environment variable \(name) is not defined")
                }
                text += value
            }
        }
        guard !text.isEmpty else {
            throw PolicyValueError("the environment variable \(variables.joined(separator: " and ")) is empty")
        }
        return text
    }

    /// In the order of their first use.
    package var variables: [String] {
        parts.reduce(into: []) { names, part in
            if case .variable(let name) = part, !names.contains(name) { names.append(name) }
        }
    }

    /// As it stands in the file, with everything that isn't a variable: not for messages.
    package var template: String {
        parts.map { part in
            switch part {
            case .literal(let text):
                text.unicodeScalars.reduce(into: "") { $0 += $1 == "$" ? "$$" : String($1) }
            case .variable(let name): "${\(name)}"
            }
        }.joined()
    }
}

extension EnvironmentText: CustomStringConvertible, CustomDebugStringConvertible, CustomReflectable {
    /// `${DB_URL}`, and `…` for what isn't a variable.
    package var description: String {
        parts.map { part in
            if case .variable(let name) = part { "${\(name)}" } else { "…" }
        }.joined()
    }

    package var debugDescription: String { description }

    package var customMirror: Mirror { Mirror(self, children: ["variables": variables]) }
}

extension EnvironmentText: PolicyValue {
    init(policy scalar: YAMLScalar) throws(PolicyValueError) {
        // Not `string(_:)`, whose message repeats the text.
        guard scalar.kind == .string, !scalar.text.isEmpty else {
            throw PolicyValueError("a URL or connection string is wanted here, such as ${DB_URL}")
        }
        guard !scalar.text.unicodeScalars.contains("\0") else {
            throw PolicyValueError("a connection string can't have a NUL character")
        }
        try self.init(parsing: scalar.text)
    }
}
