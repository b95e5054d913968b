// SPDX-License-Identifier: Apache-2.0
// Part of partition-cli. See LICENSE and CONTRIBUTING.md.

extension PolicySample {
    private static func named(_ key: String) -> String {
        "tables:\n  \(key):\n    by: { range: ts, every: month }\n"
    }

    /// Mistakes in names of tables and in keys that only tables have.
    static let tables: [PolicySample] = [
        .bad("no schema", named("Events"), ExpectedIssue("2:3", "\"Events\" has no schema", suggests: "public.events")),
        .bad("three names", named("a.b.c"), ExpectedIssue("2:3", "not the name of a table")),
        .bad("a space in a name", named("a.order lines"), ExpectedIssue("2:3", "not the name of a table")),
        .bad("a hyphen in a name", named("a.order-lines"), ExpectedIssue("2:3", "not the name of a table")),
        .bad("a name that begins with a digit", named("a.1b"), ExpectedIssue("2:3", "not the name of a table")),
        .bad("an empty name", named("a."), ExpectedIssue("2:3", "not the name of a table")),
        .bad("an empty quoted name", named("'a.\"\"'"), ExpectedIssue("2:3", "not the name of a table")),
        .bad("an open quote", named("'a.\"b'"), ExpectedIssue("2:3", "not the name of a table")),
        .subtle(
            "a name too long",
            named("a." + String(repeating: "x", count: 64)),
            ExpectedIssue("2:3", "63 bytes at most")
        ),
        .subtle(
            "a table twice",
            named("a.b") + "  A.\"b\": { by: { range: ts, every: day } }\n",
            ExpectedIssue("4:3", "the table a.b is here a second time; the first one is in line 2")
        ),
        .bad(
            "a list for a name",
            "tables:\n  ? [a.b]\n  : { by: { range: ts, every: day } }\n",
            ExpectedIssue("2:5", "a key must be a word")
        ),
        .bad("a table without anything", "tables:\n  a.b:\n", ExpectedIssue("2:7", "the table a.b must have keys")),
        .bad(
            "a table without \"by\"",
            "tables:\n  a.b:\n    drain: off\n",
            ExpectedIssue("2:3", "the table a.b has no \"by\"")
        ),
        .bad(
            "a misspelt key of a table",
            events + "    retian: { then: keep }\n",
            ExpectedIssue("4:5", "unknown key \"retian\" in the table public.events", suggests: "retain")
        ),
        .bad(
            "a key of a level in a table",
            events + "    every: day\n",
            ExpectedIssue("4:5", "it belongs in a table's \"by\"")
        ),
        .bad(
            "a misspelt rule",
            events + "    default: kep\n",
            ExpectedIssue("4:14", "none of keep, create and none", suggests: "keep")
        ),
        .bad(
            "another word for a rule",
            events + "    default: no\n",
            ExpectedIssue("4:14", "none of keep", suggests: "none")
        ),
        .bad(
            "a rule in capitals",
            events + "    default: Keep\n",
            ExpectedIssue("4:14", "none of keep", suggests: "keep")
        ),
        .bad("null for a rule", events + "    default: null\n", ExpectedIssue("4:14", "\"default\" has no value")),
        .bad(
            "a truth value for draining",
            events + "    drain: false\n",
            ExpectedIssue("4:12", "none of auto and off", suggests: "off")
        ),
        .bad(
            "\"on\" for draining",
            events + "    drain: on\n",
            ExpectedIssue("4:12", "none of auto", suggests: "auto")
        ),
        .bad("a yes", events + "    adopt: yes\n", ExpectedIssue("4:12", "neither true nor false", suggests: "true")),
        .bad("an off", events + "    adopt: off\n", ExpectedIssue("4:12", "neither true nor false", suggests: "false")),
        .bad(
            "a truth value in quotes",
            events + "    adopt: \"true\"\n",
            ExpectedIssue("4:12", "neither true nor false", suggests: "true")
        ),
        .bad(
            "an unknown part of a name",
            events + "    name: \"{table}_{yyy}\"\n",
            ExpectedIssue("4:11", "has {yyy}, which isn't")
        ),
        .bad("an open brace in a name", events + "    name: \"{table\"\n", ExpectedIssue("4:11", "a { without a }")),
        .bad("an empty pattern", events + "    name: \"\"\n", ExpectedIssue("4:11", "a name pattern can't be empty")),
        .bad(
            "a number for a pattern",
            events + "    name: 5\n",
            ExpectedIssue("4:11", "\"5\" is not a name pattern")
        ),
        .subtle(
            "the table twice in a name",
            events + "    name: \"{table}{table}\"\n",
            ExpectedIssue("4:11", "once at most")
        ),
        .subtle(
            "a pattern too coarse",
            events + "    name: \"{table}_{yyyy}\"\n",
            ExpectedIssue("4:5", "gives several partitions the same name")
        ),
        .subtle(
            "one pattern for two tables",
            events + "    name: p_{yyyy}_{mm}\n"
                + "  public.other:\n    by: { range: ts, every: month }\n    name: p_{yyyy}_{mm}\n",
            ExpectedIssue("7:5", "is also that of public.events")
        ),
    ]
}
