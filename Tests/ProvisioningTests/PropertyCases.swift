// SPDX-License-Identifier: Apache-2.0
// Part of partition-cli. See LICENSE and CONTRIBUTING.md.

extension PropertyCase {
    /// Owner, privileges, row security.
    static let access: [PropertyCase] = [
        PropertyCase(
            name: "owner",
            model: .parent,
            prepare: ["ALTER TABLE ledger OWNER TO %role%"],
            probe: Probe.pgClass("c.relowner"),
            change: ["ALTER TABLE %partition% OWNER TO postgres"],
            finding: "owner"
        ),
        PropertyCase(
            name: "table privileges with grant options, and those of PUBLIC",
            model: .parent,
            prepare: [
                "GRANT SELECT, UPDATE ON ledger TO %role% WITH GRANT OPTION",
                "GRANT INSERT ON ledger TO PUBLIC", "GRANT TRUNCATE ON ledger TO %role%",
            ],
            probe: Probe.grants,
            change: ["REVOKE GRANT OPTION FOR SELECT ON %partition% FROM %role%"],
            finding: "privileges"
        ),
        PropertyCase(
            name: "privileges that the owner took from itself",
            model: .parent,
            prepare: ["REVOKE TRUNCATE, TRIGGER ON ledger FROM postgres"],
            probe: Probe.grants,
            change: ["GRANT TRUNCATE ON %partition% TO postgres"],
            finding: "privileges"
        ),
        PropertyCase(
            name: "none of what ALTER DEFAULT PRIVILEGES would add",
            model: .parent,
            prepare: [
                "ALTER DEFAULT PRIVILEGES GRANT ALL ON TABLES TO %role%",
                "ALTER DEFAULT PRIVILEGES GRANT SELECT ON TABLES TO PUBLIC",
            ],
            probe: Probe.grants,
            change: ["GRANT SELECT ON %partition% TO PUBLIC"],
            finding: "privileges",
            isVisibleOnModel: false
        ),
        PropertyCase(
            name: "column privileges",
            model: .parent,
            prepare: [
                "GRANT UPDATE (note, amount) ON ledger TO %role% WITH GRANT OPTION",
                "GRANT SELECT (note) ON ledger TO PUBLIC",
            ],
            probe: Probe.columnGrants,
            change: ["REVOKE UPDATE (note) ON %partition% FROM %role%"],
            finding: "column note: privileges"
        ),
        PropertyCase(
            name: "row security enabled",
            model: .parent,
            prepare: ["ALTER TABLE ledger ENABLE ROW LEVEL SECURITY"],
            probe: Probe.pgClass("c.relrowsecurity"),
            change: ["ALTER TABLE %partition% DISABLE ROW LEVEL SECURITY"],
            finding: "row security"
        ),
        PropertyCase(
            name: "row security forced",
            model: .parent,
            prepare: ["ALTER TABLE ledger FORCE ROW LEVEL SECURITY"],
            probe: Probe.pgClass("c.relforcerowsecurity"),
            change: ["ALTER TABLE %partition% NO FORCE ROW LEVEL SECURITY"],
            finding: "forced row security"
        ),
        PropertyCase(
            name: "a restrictive policy for one role and command",
            model: .parent,
            prepare: [
                "CREATE POLICY own ON ledger AS RESTRICTIVE FOR UPDATE TO %role% USING (note = current_user) WITH CHECK (amount > 0)"
            ],
            probe: Probe.policies,
            change: ["ALTER POLICY own ON %partition% TO PUBLIC"],
            finding: "policy own"
        ),
        PropertyCase(
            name: "a policy whose subquery qualifies columns by the table's name",
            model: .parent,
            prepare: [
                """
                CREATE POLICY limited ON ledger FOR SELECT USING (EXISTS (
                    SELECT FROM limits JOIN ledger other ON other.id = limits.amount
                     WHERE limits.note = ledger.note AND ledger.amount < limits.amount AND limits.note <> 'the ledger. '))
                """
            ],
            probe: Probe.policies,
            change: ["ALTER POLICY limited ON %partition% USING (true)"],
            finding: "policy limited"
        ),
        PropertyCase(
            name: "no policy more than the parent has",
            model: .parent,
            prepare: ["CREATE POLICY own ON ledger USING (note = current_user)"],
            probe: Probe.policies,
            change: ["CREATE POLICY backdoor ON %partition% USING (true)"],
            finding: "policy backdoor"
        ),
    ]

    /// Storage and replication.
    static let storage: [PropertyCase] = [
        PropertyCase(
            name: "storage parameters of the sibling",
            model: .sibling,
            prepare: ["ALTER TABLE %sibling% SET (fillfactor = 70, autovacuum_enabled = false)"],
            probe: Probe.options,
            change: ["ALTER TABLE %partition% RESET (fillfactor)"],
            finding: "storage parameters"
        ),
        PropertyCase(
            name: "TOAST storage parameters of the sibling",
            model: .sibling,
            prepare: ["ALTER TABLE %sibling% SET (toast.autovacuum_enabled = false, toast.vacuum_truncate = off)"],
            probe: Probe.toastOptions,
            change: ["ALTER TABLE %partition% SET (toast.autovacuum_enabled = true)"],
            finding: "TOAST storage parameters"
        ),
        PropertyCase(
            name: "the parent's tablespace",
            model: .parent,
            prepare: ["ALTER TABLE ledger SET TABLESPACE %space%"],
            probe: Probe.pgClass("(SELECT spcname FROM pg_tablespace s WHERE s.oid = c.reltablespace)"),
            change: ["ALTER TABLE %partition% SET TABLESPACE pg_default"],
            finding: "tablespace"
        ),
        PropertyCase(
            name: "the sibling's tablespace",
            model: .sibling,
            prepare: ["ALTER TABLE %sibling% SET TABLESPACE %space%"],
            probe: Probe.pgClass("(SELECT spcname FROM pg_tablespace s WHERE s.oid = c.reltablespace)"),
            change: ["ALTER TABLE %partition% SET TABLESPACE pg_default"],
            finding: "tablespace"
        ),
        PropertyCase(
            name: "the database's tablespace, whatever default_tablespace says",
            model: .sibling,
            prepare: [
                "CREATE INDEX ON ledger (at)",
                "ALTER ROLE postgres IN DATABASE %database% SET default_tablespace = %space%",
            ],
            probe: Probe.pgClass("c.reltablespace") + " || " + Probe.index("x.reltablespace"),
            isVisibleOnModel: false
        ),
        PropertyCase(
            name: "an index's tablespace",
            model: .parent,
            prepare: ["CREATE INDEX ledger_note ON ledger (note) TABLESPACE %space%"],
            probe: Probe.index("s.spcname"),
            change: [changeOfIndex("ALTER INDEX %s SET TABLESPACE pg_default")],
            finding: "index ledger_note: tablespace"
        ),
        PropertyCase(
            name: "the sibling's access method",
            model: .sibling,
            prepare: [
                "CREATE ACCESS METHOD heap2 TYPE TABLE HANDLER heap_tableam_handler",
                "ALTER TABLE %sibling% SET ACCESS METHOD heap2",
            ],
            probe: Probe.pgClass("(SELECT amname FROM pg_am m WHERE m.oid = c.relam)"),
            change: ["ALTER TABLE %partition% SET ACCESS METHOD heap"],
            finding: "access method"
        ),
        PropertyCase(
            name: "the parent's access method",
            model: .parent,
            prepare: [
                "CREATE ACCESS METHOD heap2 TYPE TABLE HANDLER heap_tableam_handler",
                "ALTER TABLE ONLY ledger SET ACCESS METHOD heap2",
            ],
            probe: Probe.pgClass("(SELECT amname FROM pg_am m WHERE m.oid = c.relam)"),
            change: ["ALTER TABLE %partition% SET ACCESS METHOD heap"],
            finding: "access method",
            minimumVersion: 17
        ),
        PropertyCase(
            name: "UNLOGGED like the sibling",
            model: .sibling,
            prepare: ["ALTER TABLE %sibling% SET UNLOGGED"],
            probe: Probe.pgClass("c.relpersistence"),
            change: ["ALTER TABLE %partition% SET LOGGED"],
            finding: "unlogged"
        ),
        PropertyCase(
            name: "replica identity FULL of the parent",
            model: .parent,
            prepare: ["ALTER TABLE ledger REPLICA IDENTITY FULL"],
            probe: Probe.pgClass("c.relreplident"),
            change: ["ALTER TABLE %partition% REPLICA IDENTITY DEFAULT"],
            finding: "replica identity"
        ),
        PropertyCase(
            name: "replica identity NOTHING of the sibling",
            model: .sibling,
            prepare: ["ALTER TABLE %sibling% REPLICA IDENTITY NOTHING"],
            probe: Probe.pgClass("c.relreplident"),
            change: ["ALTER TABLE %partition% REPLICA IDENTITY FULL"],
            finding: "replica identity"
        ),
        PropertyCase(
            name: "replica identity USING INDEX of the parent",
            model: .parent,
            prepare: [
                "CREATE UNIQUE INDEX ledger_other ON ledger (at, id)",
                "CREATE UNIQUE INDEX ledger_key ON ledger (id, at)",
                "ALTER TABLE ledger REPLICA IDENTITY USING INDEX ledger_key",
            ],
            probe: Probe.pgClass("c.relreplident")
                + " || (SELECT substr(pg_get_indexdef(indexrelid), strpos(pg_get_indexdef(indexrelid), 'USING')) FROM pg_index WHERE indrelid = r AND indisreplident)",
            change: [
                changeOfIndex("ALTER TABLE %partition% REPLICA IDENTITY USING INDEX %s", "CREATE UNIQUE INDEX%(at, id)")
            ],
            finding: "replica identity"
        ),
    ]

    /// A statement about an index of the partition whose definition is like the pattern.
    static func changeOfIndex(_ statement: String, _ pattern: String = "%") -> String {
        """
        DO $$ BEGIN EXECUTE format('\(statement)', (SELECT indexrelid::regclass FROM pg_index
            WHERE indrelid = '%partition%'::regclass AND pg_get_indexdef(indexrelid) LIKE '\(pattern)' LIMIT 1)); END $$
        """
    }
}
