// SPDX-License-Identifier: Apache-2.0
// Part of partition-cli. See LICENSE and CONTRIBUTING.md.

import Partitioning

/// What the grammar has and this program doesn't do yet. Such a file is refused, never taken for one that says less.
package enum UnbuiltFeatures {
    /// Every use of an unbuilt feature, in the order of the file; empty for a file that can be used.
    package static func unsupported(in policy: ParsedPolicy) -> [PolicyIssue] {
        list.flatMap { feature in
            feature.uses(policy.document).map { path in policy.issue(at: path, "\(feature.sentence)") }
        }
        .sorted { $0.position < $1.position }
    }

    /// Whoever builds a feature removes its line.
    private static let list: [Feature] = [
        Feature("making a default partition is not built yet: \"default\" can be keep or none") {
            tables($0, "default") { $0.defaultPartition == .create }
        },
        Feature("draining the default partition is not built yet: \"drain\" can be off") {
            tables($0, "drain") { $0.drain == .auto }
        },
        Feature("retiring partitions is not built yet, nor what it would take for ours: \"adopt\" can be false") {
            tables($0, "adopt") { $0.adopt == true }
        },
        Feature("retiring partitions is not built yet: \"then\" can be keep") {
            tables($0, "retain") { ($0.retention?.action ?? .keep) != .keep }
        },
        Feature("partitions of partitions (several levels) are not built yet") { document in
            tables(document, "by") { $0.levels.count > 1 }
        },
        Feature("levels by list are not built yet: a table can be partitioned by range") { document in
            levels(document, "list") { if case .list = $0 { true } else { false } }
        },
        Feature("levels by hash are not built yet: a table can be partitioned by range") { document in
            levels(document, "hash") { if case .hash = $0 { true } else { false } }
        },
    ]

    private struct Feature: Sendable {
        let sentence: String
        /// The places where a document uses it.
        let uses: @Sendable (PolicyDocument) -> [PolicyPath]

        init(_ sentence: String, uses: @escaping @Sendable (PolicyDocument) -> [PolicyPath]) {
            self.sentence = sentence
            self.uses = uses
        }
    }

    private static func tables(
        _ document: PolicyDocument,
        _ key: String,
        where isUsed: (PolicyTable) -> Bool
    ) -> [PolicyPath] {
        document.tables.filter(isUsed).map { ["tables", $0.name.description, key] }
    }

    private static func levels(
        _ document: PolicyDocument,
        _ key: String,
        where isUsed: (PolicyLevel) -> Bool
    ) -> [PolicyPath] {
        document.tables.flatMap { table in
            table.levels.enumerated().filter { isUsed($0.element) }.map { index, _ in
                ["tables", table.name.description, "by", "\(index)", key]
            }
        }
    }
}
