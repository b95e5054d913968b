// SPDX-License-Identifier: Apache-2.0
// Part of partition-cli. See LICENSE and CONTRIBUTING.md.

/// Where a value belongs in a policy file: `["tables", "public.events", "by", "0", "every"]`.
///
/// Tables go by ``RelationName/description``, however the file writes their names; levels are numbered from 0, also where
/// there is only one and no list.
package struct PolicyPath: Hashable, Sendable, ExpressibleByArrayLiteral, CustomStringConvertible {
    package let keys: [String]

    package init(arrayLiteral keys: String...) {
        self.keys = keys
    }

    private init(keys: [String]) {
        self.keys = keys
    }

    package static func / (path: PolicyPath, key: String) -> PolicyPath {
        PolicyPath(keys: path.keys + [key])
    }

    package var description: String { keys.joined(separator: ".") }
}

/// A policy file that was read without an error.
package struct ParsedPolicy: Hashable, Sendable {
    /// As the caller named it.
    package let file: String
    package let document: PolicyDocument
    /// Where each key stands.
    let positions: [PolicyPath: SourcePosition]
    /// Where the value of each key begins.
    let values: [PolicyPath: SourcePosition]

    /// Something about the value at `path` that was found after reading: a column that isn't there, a zone that the
    /// server doesn't know. It stands at the key, or at the next one around it where the file doesn't have the key.
    package func issue(at path: PolicyPath, _ message: String, suggestion: String? = nil) -> PolicyIssue {
        PolicyIssue(PolicyProblem(position(of: path), message, suggestion: suggestion), file: file)
    }

    /// Where that is, for messages about it: `partitions.yaml:12:3`.
    package func place(of path: PolicyPath) -> String { "\(file):\(position(of: path))" }

    /// Where the value of the key begins, or what ``place(of:)`` says where the file doesn't have it.
    package func place(ofValueAt path: PolicyPath) -> String {
        values[path].map { "\(file):\($0)" } ?? place(of: path)
    }

    private func position(of path: PolicyPath) -> SourcePosition {
        var keys = path.keys[...]
        var position: SourcePosition?
        while position == nil, !keys.isEmpty {
            position = positions[keys.reduce([]) { $0 / $1 }]
            keys.removeLast()
        }
        return position ?? SourcePosition(line: 1, column: 1)
    }
}
