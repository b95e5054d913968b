// SPDX-License-Identifier: Apache-2.0
// Part of partition-cli. See LICENSE and CONTRIBUTING.md.

extension PolicySample {
    /// Mistakes of YAML, of the outermost keys and of connections.
    static let document: [PolicySample] = [
        .bad("an empty file", "", ExpectedIssue("1:1", "the file is empty")),
        .bad("comments only", "# nothing\n", ExpectedIssue("1:1", "the file is empty")),
        .bad("nothing but a marker", "---\n", ExpectedIssue("1:1", "the file is empty")),
        .bad("a list", "- a\n", ExpectedIssue("1:1", "the file must have keys")),
        .bad("a word", "tables\n", ExpectedIssue("1:1", "the file must have keys")),
        .bad("no tables", "defaults: { buffer: 60d }\n", ExpectedIssue("1:1", "no \"tables\"")),
        .bad("tables without one", "tables: {}\n", ExpectedIssue("1:9", "tables has nothing in it")),
        .bad("tables without a value", "tables:\n", ExpectedIssue("1:8", "tables must have keys")),
        .bad("tables as a list", "tables: [public.events]\n", ExpectedIssue("1:9", "tables must have keys")),
        .bad("a misspelt key", "databse: x\n" + events, ExpectedIssue("1:1", "unknown key", suggests: "database")),
        .bad("an unknown key", "colour: x\n" + events, ExpectedIssue("1:1", "which has database, registry")),
        .bad("a key in the wrong place", "buffer: 60d\n" + events, ExpectedIssue("1:1", "it belongs in \"defaults\"")),
        .bad(
            "a merge key",
            "tables:\n  a.b:\n    <<: { drain: off }\n    by: { range: ts, every: day }\n",
            ExpectedIssue("3:5", "no merge keys")
        ),
        .subtle(
            "a key twice",
            "defaults: { buffer: 60d }\nregistry: r\ndefaults: { buffer: 30d }\n" + events,
            ExpectedIssue("3:1", "\"defaults\" is here a second time; the first one is in line 1")
        ),
        .subtle(
            "three keys twice",
            events + "    buffer: 60d\n    buffer: 30d\n    drain: off\n    drain: off\n    \"drain\": off\n",
            ExpectedIssue("5:5", "\"buffer\" is here a second time; the first one is in line 4"),
            ExpectedIssue("7:5", "\"drain\" is here a second time; the first one is in line 6"),
            ExpectedIssue("8:5", "\"drain\" is here a second time; the first one is in line 6")
        ),
        .subtle(
            "a tag",
            "tables:\n  a.b:\n    by: { range: !!str ts, every: day }\n",
            ExpectedIssue("3:18", "no tags")
        ),
        .subtle(
            "an undefined variable",
            "database: ${NOBODY}\nregistry: x${ALSO_NOT}\n" + events,
            ExpectedIssue("1:11", "the environment variable NOBODY is not defined"),
            ExpectedIssue("2:11", "the environment variable ALSO_NOT is not defined")
        ),
        .subtle("an empty variable", "database: ${EMPTY}\n" + events, ExpectedIssue("1:11", "EMPTY is empty")),
        .bad("a single dollar", "database: a$b\n" + events, ExpectedIssue("1:11", "$$ for a dollar")),
        .bad("a dollar at the end", "database: a$\n" + events, ExpectedIssue("1:11", "$$ for a dollar")),
        .bad("an open brace", "database: ${DB_URL\n" + events, ExpectedIssue("1:11", "no \"}\" after it")),
        .bad(
            "a shell's default",
            "database: ${DB_URL:-x}\n" + events,
            ExpectedIssue("1:11", "the name of an environment variable")
        ),
        .bad(
            "a variable without a name",
            "database: ${}\n" + events,
            ExpectedIssue("1:11", "the name of an environment variable")
        ),
        .bad(
            "a variable that begins with a digit",
            "database: ${1A}\n" + events,
            ExpectedIssue("1:11", "no digit first")
        ),
        .bad("no connection", "database:\n" + events, ExpectedIssue("1:10", "\"database\" has no value")),
        .bad(
            "a number for a connection",
            "registry: 5\n" + events,
            ExpectedIssue("1:11", "a URL or connection string")
        ),
        .bad("an empty connection", "registry: \"\"\n" + events, ExpectedIssue("1:11", "a URL or connection string")),
        .bad("keys for a connection", "database: { host: db }\n" + events, ExpectedIssue("1:11", "a single value")),
    ]
}
