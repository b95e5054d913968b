// SPDX-License-Identifier: Apache-2.0
// Part of partition-cli. See LICENSE and CONTRIBUTING.md.

import Partitioning
import Testing

@Suite("A table's own name in an expression")
struct SelfReferenceTests {
    @Test(
        "is replaced where it qualifies a column, and nowhere else",
        arguments: [
            (
                "(EXISTS ( SELECT\n   FROM limits\n  WHERE (limits.note = t.note)))",
                "(EXISTS ( SELECT\n   FROM limits\n  WHERE (limits.note = T.note)))"
            ),
            ("t.*", "T.*"), ("(t.a + t.\"B c\")", "(T.a + T.\"B c\")"),
            // Other names that end or begin the same way.
            ("(xt.a = t_.a)", "(xt.a = t_.a)"), ("(\"t\".a = s.t.a)", "(\"t\".a = s.t.a)"), ("éit.a", "éit.a"),
            ("t$.a", "t$.a"),
            // Text.
            ("('t.a'::text = E'\\\\\\'t.a'::text)", "('t.a'::text = E'\\\\\\'t.a'::text)"),
            ("('it''s t.a' || t.a)", "('it''s t.a' || T.a)"),
            ("(\"x t.a\" = t.a)", "(\"x t.a\" = T.a)"),
            // A schema of the same name.
            (
                "( SELECT t.f(t.a) FROM t.other WHERE (other.b = t.b))",
                "( SELECT t.f(T.a) FROM t.other WHERE (other.b = T.b))"
            ),
            ("( SELECT 1 FROM a, t.b, ONLY t.c WHERE t.x)", "( SELECT 1 FROM a, t.b, ONLY t.c WHERE T.x)"),
            (
                "( SELECT 1 FROM (a JOIN t.b ON ((a.x = t.x))), LATERAL t.f(t.y, t.z) g(z) WHERE (t.x = g.z))",
                "( SELECT 1 FROM (a JOIN t.b ON ((a.x = T.x))), LATERAL t.f(T.y, T.z) g(z) WHERE (T.x = g.z))"
            ),
            (
                "( SELECT 1 FROM ((t.a JOIN t.b USING (x)) LEFT JOIN t.c ON (t.x)))",
                "( SELECT 1 FROM ((t.a JOIN t.b USING (x)) LEFT JOIN t.c ON (T.x)))"
            ),
            (
                "( SELECT 1 FROM ( SELECT t.x FROM t.a) s, ( VALUES (1,t.x), (2,t.y)) v)",
                "( SELECT 1 FROM ( SELECT T.x FROM t.a) s, ( VALUES (1,T.x), (2,T.y)) v)"
            ),
            ("( SELECT 1 FROM t.a UNION SELECT t.x FROM t.b)", "( SELECT 1 FROM t.a UNION SELECT T.x FROM t.b)"),
            ("(t.a OPERATOR(t.=) t.b)", "(T.a OPERATOR(t.=) T.b)"),
            ("(t.a OPERATOR(t.*) t.b)", "(T.a OPERATOR(t.*) T.b)"),
            ("((t.a)::t.kind COLLATE t.\"C\")", "((T.a)::t.kind COLLATE t.\"C\")"),
            // FROM that begins no clause.
            ("(EXTRACT(epoch FROM t.a) > 1)", "(EXTRACT(epoch FROM T.a) > 1)"),
            ("( SELECT (x IS DISTINCT FROM t.a) FROM t.b)", "( SELECT (x IS DISTINCT FROM T.a) FROM t.b)"),
            ("", ""), ("'", "'"), ("\"t", "\"t"), ("E'\\", "E'\\"), ("t.", "t."), (")))t.a", ")))T.a"),
        ]
    )
    func replacement(_ sql: String, _ expected: String) {
        #expect(SelfReference.replace("t", by: "T", in: sql) == expected)
    }

    @Test("is found in its quoted form, and stays a single piece")
    func quoted() {
        let name = "\"od\"\"d . name\""
        let token = SelfReference.replace(
            name,
            by: SelfReference.token,
            in: "(\(name).a = '\(name).a' AND \"x\"\(name).a)"
        )
        #expect(token == "(\(SelfReference.token).a = '\(name).a' AND \"x\"\(name).a)")
    }
}
