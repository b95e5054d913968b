// SPDX-License-Identifier: Apache-2.0
// Part of partition-cli. See LICENSE and CONTRIBUTING.md.

import Testing

/// One property that a new partition must take over: how it is set, how it is seen, and how it is lost.
///
/// In the statements `%role%`, `%space%`, `%sibling%` and `%partition%` stand for names.
struct PropertyCase: Sendable, CustomTestStringConvertible {
    /// Which relation the new partition must resemble.
    enum Model: Sendable { case parent, sibling }

    var name: String
    var model: Model
    /// Run on `ledger` and its first partition before the run.
    var prepare: [String]
    /// An SQL expression over `r`, the oid of a relation, whose text must be the model's.
    var probe: String
    /// Run on a new partition afterwards; empty where PostgreSQL doesn't allow the change.
    var change: [String] = []
    /// The beginning of the property's name in the finding of `verify`.
    var finding: String = ""
    var minimumVersion = 15
    /// Whether `prepare` changes what the probe shows of the model.
    var isVisibleOnModel = true

    var testDescription: String { name }
}

/// Expressions over `r` for the tables of cases.
enum Probe {
    static func pgClass(_ expression: String) -> String {
        "(SELECT (\(expression))::text FROM pg_class c WHERE c.oid = r)"
    }

    static func attribute(_ column: String, _ expression: String) -> String {
        "(SELECT (\(expression))::text FROM pg_attribute a WHERE a.attrelid = r AND a.attname = '\(column)')"
    }

    /// A set of texts, whatever the order in which the catalog has them.
    private static func all(_ expression: String, _ from: String) -> String {
        "ARRAY(SELECT \(expression) FROM \(from) ORDER BY 1)::text"
    }

    static let options = all("unnest(c.reloptions)", "pg_class c WHERE c.oid = r")

    static let toastOptions = all(
        "unnest(t.reloptions)",
        "pg_class c JOIN pg_class t ON t.oid = c.reltoastrelid WHERE c.oid = r"
    )

    static let grants = all(
        "concat_ws(' ', x.privilege_type, x.grantee::regrole, x.is_grantable)",
        "pg_class c, aclexplode(coalesce(c.relacl, acldefault('r', c.relowner))) x WHERE c.oid = r"
    )

    static let columnGrants = all(
        "concat_ws(' ', a.attname, x.privilege_type, x.grantee::regrole, x.is_grantable)",
        "pg_attribute a, aclexplode(a.attacl) x WHERE a.attrelid = r"
    )

    /// Expressions with the relation's own name taken out where it qualifies a column.
    static let policies = all(
        """
        regexp_replace(concat_ws(' ', p.polname, p.polcmd, p.polpermissive, p.polroles::regrole[], pg_get_expr(p.polqual, r),
            pg_get_expr(p.polwithcheck, r)), '\\m' || c.relname || '\\.(?=\\w)', '.', 'g')
        """,
        "pg_policy p JOIN pg_class c ON c.oid = p.polrelid WHERE p.polrelid = r"
    )

    /// Definitions without the names of index and table.
    static let indexes = all(
        "regexp_replace(pg_get_indexdef(i.indexrelid), ' INDEX .* USING', ' INDEX')",
        "pg_index i WHERE i.indrelid = r AND i.indisvalid"
    )

    static func index(_ expression: String) -> String {
        all(
            expression,
            "pg_index i JOIN pg_class x ON x.oid = i.indexrelid LEFT JOIN pg_tablespace s ON s.oid = x.reltablespace WHERE i.indrelid = r"
        )
    }

    static let indexTargets = all(
        "concat_ws(' ', a.attnum, a.attstattarget)",
        "pg_index i JOIN pg_attribute a ON a.attrelid = i.indexrelid WHERE i.indrelid = r"
    )

    static func constraints(_ kinds: String, _ expression: String) -> String {
        all(expression, "pg_constraint k WHERE k.conrelid = r AND k.contype IN (\(kinds))")
    }

    static let statistics = all(
        "concat_ws(' ', s.stxkind, pg_get_statisticsobjdef_columns(s.oid), s.stxstattarget, obj_description(s.oid, 'pg_statistic_ext'))",
        "pg_statistic_ext s WHERE s.stxrelid = r"
    )

    static let triggers = all(
        "concat_ws(' ', t.tgname, t.tgtype, t.tgenabled)",
        "pg_trigger t WHERE t.tgrelid = r AND NOT t.tgisinternal"
    )
}
