// SPDX-License-Identifier: Apache-2.0
// Part of partition-cli. See LICENSE and CONTRIBUTING.md.

/// Connections that a flag sets, so that the file's own aren't needed.
package struct GivenConnections: OptionSet, Sendable {
    package let rawValue: Int

    package init(rawValue: Int) {
        self.rawValue = rawValue
    }

    package static let database = GivenConnections(rawValue: 1)
    package static let registry = GivenConnections(rawValue: 2)
}

/// Reads policy files.
package enum PolicyParser {
    /// - Parameters:
    ///   - bytes: the file; it may be hostile.
    ///   - file: its name, for messages.
    ///   - environment: what `${NAME}` stands for. Its values never appear in an error.
    ///   - given: variables in these needn't be defined.
    /// - Throws: everything that is wrong with the file, not only the first thing.
    package static func parse(
        _ bytes: [UInt8],
        file: String,
        environment: [String: String],
        given: GivenConnections = []
    ) throws(PolicyFileError) -> ParsedPolicy {
        let (root, problems) = YAMLComposer.compose(bytes)
        var reading = PolicyReading(environment: environment, given: given, problems: problems)
        let document = reading.document(root)
        guard let document, reading.problems.isEmpty else { throw PolicyFileError(reading.problems, file: file) }
        return ParsedPolicy(file: file, document: document, positions: reading.positions, values: reading.values)
    }
}

/// A mapping of the file while it is read.
struct PolicySection {
    /// What messages call it.
    let label: String
    let path: PolicyPath
    /// Of the key that it is the value of.
    let position: SourcePosition
    let entries: [String: YAMLEntry]

    func has(_ key: String) -> Bool { entries[key] != nil }

    func position(of key: String) -> SourcePosition { entries[key]?.position ?? position }
}

/// One reading of a file: what is wrong with it is collected, and reading goes on.
struct PolicyReading {
    let environment: [String: String]
    let given: GivenConnections
    private(set) var problems: [PolicyProblem]
    private(set) var positions: [PolicyPath: SourcePosition] = [:]
    /// Where the value of each key begins.
    private(set) var values: [PolicyPath: SourcePosition] = [:]

    init(environment: [String: String], given: GivenConnections, problems: [PolicyProblem]) {
        self.environment = environment
        self.given = given
        self.problems = problems
    }

    mutating func report(_ position: SourcePosition, _ message: String, suggestion: String? = nil) {
        problems.append(PolicyProblem(position, message, suggestion: suggestion))
    }

    mutating func report(_ position: SourcePosition, _ error: PolicyValueError) {
        report(position, error.message, suggestion: error.suggestion)
    }

    mutating func note(_ path: PolicyPath, at position: SourcePosition) {
        positions[path] = position
    }

    /// The keys of a mapping, unknown ones reported.
    ///
    /// - Parameter position: of the key that `node` is the value of.
    mutating func section(
        _ node: YAMLNode,
        _ kind: PolicyGrammar.Section,
        called label: String,
        path: PolicyPath,
        position: SourcePosition
    ) -> PolicySection? {
        guard let list = mapping(node, called: label) else { return nil }
        var entries: [String: YAMLEntry] = [:]
        for entry in list {
            if kind.keys.contains(where: { $0.utf8.elementsEqual(entry.key.utf8) }) {
                entries[entry.key] = entry
                note(path / entry.key, at: entry.position)
                values[path / entry.key] = entry.value.position
            } else {
                report(entry.position, PolicyGrammar.unknownKey(entry.key, in: kind, called: label))
            }
        }
        return PolicySection(label: label, path: path, position: position, entries: entries)
    }

    /// The entries of a mapping that has some.
    mutating func mapping(_ node: YAMLNode, called label: String) -> [YAMLEntry]? {
        guard case .mapping(let entries) = node.content else {
            report(node.position, "\(label) must have keys with values below it (key: value)")
            return nil
        }
        guard !entries.isEmpty else {
            report(node.position, "\(label) has nothing in it")
            return nil
        }
        return entries
    }

    /// The value of a key; nil where the key isn't there, and where its value is wrong, which is then reported.
    mutating func value<Value: PolicyValue>(_ key: String, of section: PolicySection) -> Value? {
        section.entries[key].flatMap { value($0.value, of: key) }
    }

    mutating func value<Value: PolicyValue>(_ node: YAMLNode, of key: String) -> Value? {
        guard case .scalar(let scalar) = node.content else {
            report(
                node.position,
                "\"\(key)\" must be a single value, not a list or a mapping (text that begins with a bracket or brace needs quotes)"
            )
            return nil
        }
        guard scalar.kind != .null else {
            report(node.position, "\"\(key)\" has no value")
            return nil
        }
        do {
            return try Value(policy: scalar)
        } catch {
            report(node.position, error)
            return nil
        }
    }
}
