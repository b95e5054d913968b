// SPDX-License-Identifier: Apache-2.0
// Part of partition-cli. See LICENSE and CONTRIBUTING.md.

import Partitioning

extension RelationProperties {
    /// A partition with one of everything.
    static let rich = RelationProperties(
        oid: 1,
        name: RelationName(schema: "public", name: "events"),
        owner: "app",
        grants: [
            Grant(grantee: "reader", privilege: "SELECT", isGrantable: false),
            Grant(grantee: "", privilege: "INSERT", isGrantable: true),
        ],
        hasRowSecurity: true,
        forcesRowSecurity: false,
        policies: [
            Policy(
                name: "tenants",
                command: "ALL",
                isPermissive: true,
                roles: ["app", "reader"],
                using: "(tenant = 1)",
                check: nil
            )
        ],
        options: ["autovacuum_enabled=off", "fillfactor=70"],
        toastOptions: ["autovacuum_enabled=off"],
        tablespace: "fast",
        accessMethod: "heap",
        isUnlogged: false,
        replicaIdentity: .index("events_pkey"),
        columns: [
            Column(
                name: "note",
                type: "text",
                isNotNull: true,
                defaultExpression: "'x'::text",
                generated: "",
                storage: "x",
                compression: "",
                collation: "C",
                statisticsTarget: 500,
                options: ["n_distinct=-0.5"],
                comment: "a note",
                grants: [Grant(grantee: "reader", privilege: "UPDATE", isGrantable: false)]
            )
        ],
        checks: [Check(name: "positive", definition: "CHECK ((id > 0))", isValidated: true, comment: "of course")],
        indexes: [
            Index(
                parentIndex: "events_pkey",
                name: "events_2026_11_pkey",
                isValid: true,
                definition: "USING btree (id, event_ts)",
                constraint: "p",
                tablespace: "fast",
                statisticsTargets: [1: 300],
                comment: "the key's index",
                constraintComment: "the key"
            )
        ],
        statistics: [
            StatisticsObject(
                name: RelationName(schema: "public", name: "events_stat"),
                definition: "(dependencies) ON a, b",
                target: 100,
                comment: "they go together"
            )
        ],
        comment: "events of one month",
        marker: nil
    )

    func changing(_ change: (inout RelationProperties) -> Void) -> RelationProperties {
        var copy = self
        change(&copy)
        return copy
    }
}
