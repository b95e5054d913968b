// SPDX-License-Identifier: Apache-2.0
// Part of partition-cli. See LICENSE and CONTRIBUTING.md.

extension PropertyCase {
    /// Columns, statistics and comments.
    static let columns: [PropertyCase] = [
        PropertyCase(
            name: "a column's statistics target of the parent",
            model: .parent,
            prepare: ["ALTER TABLE ONLY ledger ALTER COLUMN note SET STATISTICS 500"],
            probe: Probe.attribute("note", "a.attstattarget"),
            change: ["ALTER TABLE %partition% ALTER COLUMN note SET STATISTICS 5"],
            finding: "column note: statistics target"
        ),
        PropertyCase(
            name: "a column's statistics target of the sibling",
            model: .sibling,
            prepare: ["ALTER TABLE %sibling% ALTER COLUMN note SET STATISTICS 0"],
            probe: Probe.attribute("note", "a.attstattarget"),
            change: ["ALTER TABLE %partition% ALTER COLUMN note SET STATISTICS -1"],
            finding: "column note: statistics target"
        ),
        PropertyCase(
            name: "attribute options of the parent",
            model: .parent,
            prepare: ["ALTER TABLE ONLY ledger ALTER COLUMN note SET (n_distinct = -0.5)"],
            probe: Probe.attribute("note", "a.attoptions"),
            change: ["ALTER TABLE %partition% ALTER COLUMN note RESET (n_distinct)"],
            finding: "column note: options"
        ),
        PropertyCase(
            name: "attribute options of the sibling",
            model: .sibling,
            prepare: ["ALTER TABLE %sibling% ALTER COLUMN note SET (n_distinct = 200, n_distinct_inherited = -0.25)"],
            probe: Probe.attribute("note", "a.attoptions"),
            change: ["ALTER TABLE %partition% ALTER COLUMN note SET (n_distinct = 300)"],
            finding: "column note: options"
        ),
        PropertyCase(
            name: "the statistics target of an expression index's column, from the parent",
            model: .parent,
            prepare: [
                "CREATE INDEX ON ledger (lower(note), at)",
                "ALTER INDEX ledger_lower_at_idx ALTER COLUMN 1 SET STATISTICS 700",
            ],
            probe: Probe.indexTargets,
            change: [changeOfIndex("ALTER INDEX %s ALTER COLUMN 1 SET STATISTICS 7")],
            finding: "index ledger_lower_at_idx: statistics target"
        ),
        PropertyCase(
            name: "the statistics target of an expression index's column, from the sibling",
            model: .sibling,
            prepare: [
                "CREATE INDEX ON ledger (lower(note))",
                "ALTER INDEX ledger_first_lower_idx ALTER COLUMN 1 SET STATISTICS 700",
            ],
            probe: Probe.indexTargets,
            change: [changeOfIndex("ALTER INDEX %s ALTER COLUMN 1 SET STATISTICS -1")],
            finding: "index ledger_lower_idx: statistics target"
        ),
        PropertyCase(
            name: "extended statistics and their target",
            model: .parent,
            prepare: [
                "CREATE STATISTICS ledger_stats (ndistinct, dependencies) ON note, amount FROM ledger",
                "CREATE STATISTICS ledger_lengths ON length(note), id FROM ledger",
                "ALTER STATISTICS ledger_stats SET STATISTICS 300",
                "COMMENT ON STATISTICS ledger_stats IS 'they go together'",
            ],
            probe: Probe.statistics,
            change: [
                "DO $$ BEGIN EXECUTE (SELECT format('ALTER STATISTICS %s SET STATISTICS 3', stxname) FROM pg_statistic_ext WHERE stxrelid = '%partition%'::regclass AND stxstattarget = 300); END $$"
            ],
            finding: "statistics ledger_stats: target"
        ),
        PropertyCase(
            name: "extended statistics, not dropped",
            model: .parent,
            prepare: ["CREATE STATISTICS ledger_stats (mcv) ON note, amount FROM ledger"],
            probe: Probe.statistics,
            change: [
                "DO $$ BEGIN EXECUTE (SELECT format('DROP STATISTICS %s', stxname) FROM pg_statistic_ext WHERE stxrelid = '%partition%'::regclass); END $$"
            ],
            finding: "statistics ledger_stats"
        ),
        PropertyCase(
            name: "a default",
            model: .parent,
            prepare: ["ALTER TABLE ONLY ledger ALTER COLUMN note SET DEFAULT 'x' || current_user"],
            probe: "(SELECT pg_get_expr(d.adbin, d.adrelid) FROM pg_attrdef d WHERE d.adrelid = r)",
            change: ["ALTER TABLE %partition% ALTER COLUMN note DROP DEFAULT"],
            finding: "column note: default"
        ),
        PropertyCase(
            name: "a generated column",
            model: .parent,
            prepare: ["ALTER TABLE ledger ADD COLUMN twice bigint GENERATED ALWAYS AS (id * 2) STORED"],
            probe: Probe.attribute("twice", "a.attgenerated")
                + " || (SELECT pg_get_expr(d.adbin, d.adrelid) FROM pg_attrdef d WHERE d.adrelid = r)"
        ),
        PropertyCase(
            name: "a virtual generated column",
            model: .parent,
            prepare: ["ALTER TABLE ledger ADD COLUMN twice bigint GENERATED ALWAYS AS (id * 2) VIRTUAL"],
            probe: Probe.attribute("twice", "a.attgenerated")
                + " || (SELECT pg_get_expr(d.adbin, d.adrelid) FROM pg_attrdef d WHERE d.adrelid = r)",
            minimumVersion: 18
        ),
        PropertyCase(
            name: "an identity column",
            model: .parent,
            prepare: ["ALTER TABLE ledger ALTER COLUMN id ADD GENERATED ALWAYS AS IDENTITY"],
            probe: Probe.attribute("id", "a.attidentity"),
            minimumVersion: 17
        ),
        PropertyCase(
            name: "a column's storage",
            model: .parent,
            prepare: ["ALTER TABLE ONLY ledger ALTER COLUMN note SET STORAGE EXTERNAL"],
            probe: Probe.attribute("note", "a.attstorage"),
            change: ["ALTER TABLE %partition% ALTER COLUMN note SET STORAGE MAIN"],
            finding: "column note: storage"
        ),
        PropertyCase(
            name: "a column's compression",
            model: .parent,
            prepare: ["ALTER TABLE ONLY ledger ALTER COLUMN note SET COMPRESSION pglz"],
            probe: Probe.attribute("note", "a.attcompression"),
            change: ["ALTER TABLE %partition% ALTER COLUMN note SET COMPRESSION default"],
            finding: "column note: compression"
        ),
        PropertyCase(
            name: "collation, type and NOT NULL, after a column was dropped",
            model: .parent,
            prepare: [
                "ALTER TABLE ledger ADD COLUMN gone text",
                "ALTER TABLE ledger ADD COLUMN code varchar(7) COLLATE \"C\" NOT NULL DEFAULT ''",
                "ALTER TABLE ledger DROP COLUMN gone",
            ],
            probe: Probe.attribute(
                "code",
                "concat_ws(' ', format_type(a.atttypid, a.atttypmod), a.attcollation::regcollation, a.attnotnull)"
            )
        ),
        PropertyCase(
            name: "the table's comment",
            model: .parent,
            prepare: ["COMMENT ON TABLE ledger IS E'What is owed.\\nKept 7 years; it''s the law.'"],
            probe: "split_part(obj_description(r, 'pg_class'), E'\\n{\"partition-cli\"', 1)",
            change: [
                "DO $$ BEGIN EXECUTE format('COMMENT ON TABLE %partition% IS %L', replace(obj_description('%partition%'::regclass, 'pg_class'), 'owed', 'due')); END $$"
            ],
            finding: "comment"
        ),
        PropertyCase(
            name: "a column's comment",
            model: .parent,
            prepare: ["COMMENT ON COLUMN ledger.note IS 'free text'"],
            probe: "(SELECT string_agg(col_description(r, g), ',') FROM generate_series(1, 9) g)",
            change: ["COMMENT ON COLUMN %partition%.note IS NULL"],
            finding: "column note: comment"
        ),
        PropertyCase(
            name: "an index's comment",
            model: .parent,
            prepare: ["CREATE INDEX ledger_note ON ledger (note)", "COMMENT ON INDEX ledger_note IS 'for the search'"],
            probe: Probe.index("obj_description(x.oid, 'pg_class')"),
            change: [changeOfIndex("COMMENT ON INDEX %s IS NULL")],
            finding: "index ledger_note: comment"
        ),
        PropertyCase(
            name: "a constraint's comment",
            model: .parent,
            prepare: [
                "ALTER TABLE ledger ADD CONSTRAINT positive CHECK (amount > 0)",
                "COMMENT ON CONSTRAINT positive ON ledger IS 'we owe, not they'",
            ],
            probe: Probe.constraints("'c'", "obj_description(k.oid, 'pg_constraint')"),
            change: ["COMMENT ON CONSTRAINT positive ON %partition% IS NULL"],
            finding: "check positive: comment"
        ),
        PropertyCase(
            name: "a primary key's comment",
            model: .parent,
            prepare: [
                "ALTER TABLE ledger ADD CONSTRAINT ledger_key PRIMARY KEY (id, at)",
                "COMMENT ON CONSTRAINT ledger_key ON ledger IS 'unique per day'",
            ],
            probe: Probe.constraints("'p'", "obj_description(k.oid, 'pg_constraint')"),
            change: [
                "DO $$ BEGIN EXECUTE (SELECT format('COMMENT ON CONSTRAINT %I ON %partition% IS NULL', conname) FROM pg_constraint WHERE conrelid = '%partition%'::regclass AND contype = 'p'); END $$"
            ],
            finding: "index ledger_key: comment of the constraint"
        ),
    ]

    /// Constraints, indexes and what comes with ATTACH.
    static let constraints: [PropertyCase] = [
        PropertyCase(
            name: "a check",
            model: .parent,
            prepare: ["ALTER TABLE ledger ADD CONSTRAINT positive CHECK (amount > 0 AND note <> 'ledger')"],
            probe: Probe.constraints("'c'", "k.conname || pg_get_constraintdef(k.oid)")
        ),
        PropertyCase(
            name: "a check that is NOT VALID on the parent",
            model: .parent,
            prepare: ["ALTER TABLE ledger ADD CONSTRAINT positive CHECK (amount > 0) NOT VALID"],
            probe: Probe.constraints("'c'", "k.conname || replace(pg_get_constraintdef(k.oid), ' NOT VALID', '')")
        ),
        PropertyCase(
            name: "a primary key with INCLUDE",
            model: .parent,
            prepare: ["ALTER TABLE ledger ADD CONSTRAINT ledger_key PRIMARY KEY (id, at) INCLUDE (note)"],
            probe: Probe.constraints("'p'", "pg_get_constraintdef(k.oid)")
        ),
        PropertyCase(
            name: "unique constraints: deferrable, NULLS NOT DISTINCT, with INCLUDE",
            model: .parent,
            prepare: [
                "ALTER TABLE ledger ADD UNIQUE (at, note) DEFERRABLE INITIALLY DEFERRED",
                "ALTER TABLE ledger ADD UNIQUE NULLS NOT DISTINCT (at, amount) INCLUDE (id)",
            ],
            probe: Probe.constraints("'u'", "pg_get_constraintdef(k.oid)")
        ),
        PropertyCase(
            name: "indexes: partial, expression, other methods, operator classes, options",
            model: .parent,
            prepare: [
                "CREATE INDEX ON ledger (amount DESC NULLS LAST, lower(note) text_pattern_ops) INCLUDE (id) WHERE amount > 0",
                "CREATE INDEX ON ledger USING brin (at) WITH (pages_per_range = 16)",
                "CREATE INDEX ON ledger USING hash (note)",
                "CREATE UNIQUE INDEX ON ledger (at, (id + 1)) WITH (fillfactor = 60)",
            ],
            probe: Probe.indexes
        ),
        PropertyCase(
            name: "row triggers",
            model: .parent,
            prepare: [
                "CREATE FUNCTION touch() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NEW; END'",
                "CREATE TRIGGER touched BEFORE INSERT ON ledger FOR EACH ROW EXECUTE FUNCTION touch()",
                "ALTER TABLE ledger ENABLE ALWAYS TRIGGER touched",
            ],
            probe: Probe.triggers,
            change: ["ALTER TABLE %partition% DISABLE TRIGGER touched"],
            finding: "trigger touched"
        ),
        PropertyCase(
            name: "foreign keys",
            model: .parent,
            prepare: [
                "CREATE TABLE accounts (note text PRIMARY KEY)",
                "ALTER TABLE ledger ADD FOREIGN KEY (note) REFERENCES accounts ON DELETE CASCADE",
            ],
            probe: Probe.constraints("'f'", "k.conname || pg_get_constraintdef(k.oid)")
        ),
        PropertyCase(
            name: "membership in publications",
            model: .sibling,
            prepare: ["CREATE PUBLICATION books FOR TABLE ledger"],
            probe:
                "(SELECT string_agg(p.pubname, ',') FROM pg_publication_tables p WHERE format('%I.%I', p.schemaname, p.tablename)::regclass = r)"
        ),
    ]
}
