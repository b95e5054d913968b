// SPDX-License-Identifier: Apache-2.0
// Part of partition-cli. See LICENSE and CONTRIBUTING.md.

import Partitioning

/// Foreign keys at or to partitioned tables, as far as bugs of older minor versions concern them.
package struct ForeignKeyFacts: Hashable, Sendable {
    /// A constraint that lacks its parts for some partitions, with the statements that make it anew.
    package struct Broken: Hashable, Sendable {
        package var table: String
        package var constraint: String
        /// How many partitions have no part of it.
        package var missing: Int
        package var isSelfReferential: Bool
        package var repair: String

        package init(table: String, constraint: String, missing: Int, isSelfReferential: Bool, repair: String) {
            self.table = table
            self.constraint = constraint
            self.missing = missing
            self.isSelfReferential = isSelfReferential
            self.repair = repair
        }
    }

    /// Foreign keys of partitioned tables that reference another partitioned table.
    package var betweenPartitioned: [String]
    /// Foreign keys of partitioned tables that reference the table itself.
    package var selfReferential: [String]
    package var broken: [Broken]

    package init(betweenPartitioned: [String] = [], selfReferential: [String] = [], broken: [Broken] = []) {
        self.betweenPartitioned = betweenPartitioned
        self.selfReferential = selfReferential
        self.broken = broken
    }
}

extension Hazard {
    /// The first minor version of each major one without the bug; majors after the newest of these never had it.
    private static let detachFixed = [13: 17, 14: 14, 15: 9, 16: 5, 17: 1]
    private static let selfReferenceFixed = [13: 21, 14: 18, 15: 13, 16: 9, 17: 5]

    /// - Parameter version: `server_version_num`.
    package static func hazards(ofVersion version: Int, _ keys: ForeignKeyFacts) -> [Hazard] {
        var hazards: [Hazard] = []
        if let fixed = fix(for: version, in: detachFixed) {
            hazards.append(
                outdated(
                    version,
                    fixed,
                    "loses the enforcement of foreign keys between partitioned tables when a partition is detached or attached again",
                    concerned: keys.betweenPartitioned
                )
            )
        }
        if let fixed = fix(for: version, in: selfReferenceFixed) {
            hazards.append(
                outdated(
                    version,
                    fixed,
                    "doesn't enforce foreign keys of a partitioned table to itself on partitions made later",
                    concerned: keys.selfReferential
                )
            )
        }
        return hazards + keys.broken.map(hazard)
    }

    private static func fix(for version: Int, in fixed: [Int: Int]) -> String? {
        let (major, minor) = (version / 10_000, version % 10_000)
        guard let first = fixed[major], minor < first else { return nil }
        return "\(major).\(first)"
    }

    private static func outdated(_ version: Int, _ fixed: String, _ what: String, concerned: [String]) -> Hazard {
        let name = "\(version / 10_000).\(version % 10_000)"
        return Hazard(
            concerned.isEmpty ? .note : .warning,
            .minorVersion,
            object: name,
            "PostgreSQL \(name) \(what); \(fixed) fixes it",
            evidence: concerned.isEmpty
                ? ["this database has no such foreign key"] : concerned.prefix(20).map { "concerned: \($0)" },
            remedy: concerned.isEmpty
                ? "install \(fixed) or later"
                : "install \(fixed) or later, then run doctor again: constraints that were damaged before need to be made anew"
        )
    }

    private static func hazard(of broken: ForeignKeyFacts.Broken) -> Hazard {
        Hazard(
            .error,
            .brokenForeignKey,
            object: "\(broken.constraint) on \(broken.table)",
            "the foreign key \(broken.constraint) of \(broken.table) isn't enforced on "
                + (broken.missing == 1 ? "1 partition" : "\(broken.missing) partitions"),
            evidence: [
                "pg_constraint has no part of it for them: a bug of minor versions before "
                    + (broken.isSelfReferential
                        ? "17.5, 16.9, 15.13, 14.18 and 13.21" : "17.1, 16.5, 15.9, 14.14 and 13.17")
                    + " leaves that"
            ],
            remedy: "\(broken.repair) Where ADD fails, rows violate it: mend them first"
        )
    }
}
