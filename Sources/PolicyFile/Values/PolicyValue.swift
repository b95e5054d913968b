// SPDX-License-Identifier: Apache-2.0
// Part of partition-cli. See LICENSE and CONTRIBUTING.md.

/// Why a text isn't a value of the kind that is wanted.
package struct PolicyValueError: Error, Hashable, Sendable, CustomStringConvertible {
    /// A sentence without a capital at its beginning and a full stop at its end.
    package let message: String
    /// What was probably meant, as it would stand in the file.
    package let suggestion: String?

    init(_ message: String, suggestion: String? = nil) {
        self.message = message
        self.suggestion = suggestion
    }

    package var description: String { message }
}

/// What a scalar of the file can be read as.
protocol PolicyValue {
    /// - Parameter scalar: never null.
    init(policy scalar: YAMLScalar) throws(PolicyValueError)
}

extension YAMLScalar {
    /// The text of a string; numbers and truth values are none unless they are quoted.
    func string(_ what: String) throws(PolicyValueError) -> String {
        guard kind == .string else {
            throw PolicyValueError(
                "\(what) is text, and \(text) alone is \(kindName) to YAML: put it in quotes",
                suggestion: "\"\(text)\""
            )
        }
        guard !text.isEmpty else { throw PolicyValueError("\(what) can't be empty") }
        guard !text.unicodeScalars.contains("\0") else { throw PolicyValueError("\(what) can't have a NUL character") }
        return text
    }

    private var kindName: String {
        switch kind {
        case .boolean: "true or false"
        case .null: "nothing"
        default: "a number"
        }
    }
}

extension Bool: PolicyValue {
    init(policy scalar: YAMLScalar) throws(PolicyValueError) {
        if case .boolean(let value) = scalar.kind {
            self = value
            return
        }
        // What YAML 1.1 and people take for one.
        let suggestion: String? =
            switch scalar.text.lowercased() {
            case "yes", "y", "on", "true", "1": "true"
            case "no", "n", "off", "false", "0": "false"
            default: nil
            }
        throw PolicyValueError("\(Quoted(scalar.text)) is neither true nor false", suggestion: suggestion)
    }
}
