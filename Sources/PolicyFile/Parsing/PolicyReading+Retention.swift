// SPDX-License-Identifier: Apache-2.0
// Part of partition-cli. See LICENSE and CONTRIBUTING.md.

import Partitioning

/// The words of `retain.then`.
private enum RetentionKind: String, PolicyKeyword {
    case keep, detach, move, archive, drop

    static let synonyms: [String: RetentionKind] = ["delete": .drop, "remove": .drop, "export": .archive]

    /// Keys that belong to some kinds only.
    static let owners: [(key: String, kinds: [RetentionKind])] = [
        ("grace", [.detach, .drop]), ("schema", [.move]), ("to", [.archive]), ("drop", [.archive]),
    ]
}

/// Where an archive goes.
private struct ArchiveTarget: PolicyValue {
    let text: String

    init(policy scalar: YAMLScalar) throws(PolicyValueError) {
        text = try scalar.string("the place of an archive")
    }
}

extension PolicyReading {
    mutating func retention(_ table: PolicySection, of name: RelationName) -> RetentionRule? {
        guard let entry = table.entries["retain"],
            let section = section(
                entry.value,
                .retain,
                called: "retain",
                path: table.path / "retain",
                position: entry.position
            )
        else { return nil }
        // All are read before anything is missed, so that every mistake is reported.
        let after: PolicyDuration? = value("for", of: section)
        let grace: PolicyDuration? = value("grace", of: section)
        let schema: CatalogName? = value("schema", of: section)
        let target: ArchiveTarget? = value("to", of: section)
        let drop: Bool? = value("drop", of: section)
        guard section.has("then") else {
            report(section.position, "retain needs \"then\": keep, detach, move, archive or drop")
            return nil
        }
        guard let kind: RetentionKind = value("then", of: section) else { return nil }
        checkOwners(of: kind, in: section)
        if kind != .keep, !section.has("for") {
            report(
                section.position,
                "retain needs \"for\": the age at which to \(kind.rawValue) a partition, such as 13 months"
            )
        }
        if let schema, schema.text.utf8.elementsEqual(name.schema.utf8) {
            report(
                section.position(of: "schema"),
                "partitions of \(name) are in the schema \(Quoted(schema.text)) already"
            )
        }
        return action(kind, schema: schema, target: target, drop: drop ?? false, in: section).map { action in
            RetentionRule(after: after, action: action, grace: grace)
        }
    }

    private mutating func checkOwners(of kind: RetentionKind, in section: PolicySection) {
        for (key, kinds) in RetentionKind.owners where section.has(key) && !kinds.contains(kind) {
            let words = kinds.map { "\"then: \($0.rawValue)\"" }.joined(separator: " or ")
            report(section.position(of: key), "\"\(key)\" goes with \(words), and this is \"then: \(kind.rawValue)\"")
        }
    }

    private mutating func action(
        _ kind: RetentionKind,
        schema: CatalogName?,
        target: ArchiveTarget?,
        drop: Bool,
        in section: PolicySection
    ) -> RetentionRule.Action? {
        switch kind {
        case .keep: return .keep
        case .detach: return .detach
        case .drop: return .drop
        case .move:
            if !section.has("schema") {
                report(section.position(of: "then"), "\"then: move\" needs \"schema\": where partitions are moved to")
            }
            return schema.map { .move(schema: $0) }
        case .archive:
            if !section.has("to") {
                report(section.position(of: "then"), "\"then: archive\" needs \"to\": where partitions are written to")
            }
            return target.map { .archive(to: $0.text, drop: drop) }
        }
    }
}
