// SPDX-License-Identifier: Apache-2.0
// Part of partition-cli. See LICENSE and CONTRIBUTING.md.

import Partitioning

/// Writes a policy file that explains itself.
package struct PolicyWriter: Sendable {
    /// Where editors find the JSON Schema; nil to leave it out.
    package var schema: String?
    /// Comments at the top; each may have several lines.
    package var header: [String]
    /// Comments on single values, after what is always said about them: how the value was found.
    package var notes: [PolicyPath: [String]]
    /// Comments at the end: what was left out, and why.
    package var footer: [String]

    package init(
        schema: String? = "./partitions.schema.json",
        header: [String] = [],
        notes: [PolicyPath: [String]] = [:],
        footer: [String] = []
    ) {
        self.schema = schema
        self.header = header
        self.notes = notes
        self.footer = footer
    }

    /// The file's text: ``PolicyParser`` reads an equal document from it.
    package func text(_ document: PolicyDocument) -> String {
        var lines = PolicyLines(notes: notes)
        if let schema { lines.comment("yaml-language-server: $schema=\(schema)") }
        header.forEach { lines.comment($0) }
        lines.gap()
        if let database = document.database {
            lines.value("database", connection(database), at: [], "${NAME} is an environment variable, $$ a dollar.")
        }
        if let registry = document.registry {
            lines.value(
                "registry",
                connection(registry),
                at: [],
                "Where applications find out which partitions there are."
            )
        }
        lines.gap()
        if document.defaults != PolicySettings() {
            lines.open("defaults", at: [], "For every table below that doesn't say otherwise.")
            lines.settings(document.defaults, at: ["defaults"])
            lines.close()
            lines.gap()
        }
        lines.open("tables", at: [], "Only these are looked after.")
        for table in document.tables {
            lines.table(table)
            lines.gap()
        }
        lines.close()
        footer.forEach { lines.comment($0) }
        return lines.text
    }

    private func connection(_ text: EnvironmentText) -> String {
        // The usual case reads better without quotes.
        if let name = text.variables.first, text.template == "${\(name)}" { return text.template }
        return YAMLText.quoted(text.template)
    }
}

/// The lines of a policy file as they are written.
struct PolicyLines {
    private let notes: [PolicyPath: [String]]
    private var lines: [String] = []
    private var depth = 0

    init(notes: [PolicyPath: [String]]) {
        self.notes = notes
    }

    var text: String {
        let end = lines.lastIndex { !$0.isEmpty } ?? -1
        return lines[...end].map { $0 + "\n" }.joined()
    }

    private var indent: String { String(repeating: "  ", count: depth) }

    mutating func comment(_ text: String) {
        lines += YAMLText.comment(text, indent: indent)
    }

    /// An empty line between blocks.
    mutating func gap() {
        if lines.last?.isEmpty == false { lines.append("") }
    }

    mutating func value(_ key: String, _ value: String, at path: PolicyPath, _ explanation: String) {
        explain(path / key, explanation)
        lines.append("\(indent)\(key): \(value)")
    }

    /// A key whose values follow on lines of their own, until ``close()``.
    mutating func open(_ key: String, at path: PolicyPath, _ explanation: String?) {
        explain(path / key, explanation)
        lines.append("\(indent)\(YAMLText.scalar(key)):")
        depth += 1
    }

    mutating func close() {
        depth -= 1
    }

    mutating func element(_ value: String, at path: PolicyPath, _ explanation: String) {
        explain(path, explanation)
        lines.append("\(indent)- \(value)")
    }

    private mutating func explain(_ path: PolicyPath, _ explanation: String?) {
        if let explanation { comment(explanation) }
        notes[path]?.forEach { comment($0) }
    }
}
