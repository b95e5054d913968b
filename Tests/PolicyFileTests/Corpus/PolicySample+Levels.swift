// SPDX-License-Identifier: Apache-2.0
// Part of partition-cli. See LICENSE and CONTRIBUTING.md.

extension PolicySample {
    private static func nested(_ outer: String, _ inner: String) -> String {
        "tables:\n  a.b:\n    by:\n      - { \(outer) }\n      - { \(inner) }\n"
    }

    /// Mistakes in how a table is partitioned.
    static let levels: [PolicySample] = [
        .bad(
            "a column alone",
            "tables:\n  a.b:\n    by: ts\n",
            ExpectedIssue("3:9", "a level of \"by\" must have keys")
        ),
        .bad("no levels", "tables:\n  a.b:\n    by: []\n", ExpectedIssue("3:9", "\"by\" has nothing in it")),
        .bad(
            "an empty level",
            "tables:\n  a.b:\n    by: {}\n",
            ExpectedIssue("3:9", "a level of \"by\" has nothing in it")
        ),
        .bad("no kind", by("every: month"), ExpectedIssue("3:5", "needs one of range, list and hash")),
        .bad(
            "two kinds",
            by("range: ts, every: month, hash: id, modulus: 4"),
            ExpectedIssue("3:36", "only one of range, list and hash")
        ),
        .bad(
            "a misspelt kind",
            by("rang: ts, every: month"),
            ExpectedIssue("3:5", "needs one of"),
            ExpectedIssue("3:11", "unknown key", suggests: "range")
        ),
        .bad("no period", by("range: ts"), ExpectedIssue("3:5", "needs \"every\"")),
        .bad(
            "a misspelt period",
            by("range: ts, every: mnth"),
            ExpectedIssue("3:29", "not a period", suggests: "month")
        ),
        .bad("an adverb", by("range: ts, every: monthly"), ExpectedIssue("3:29", "not a period", suggests: "month")),
        .bad("a short unit", by("range: ts, every: 6h"), ExpectedIssue("3:29", "not a period", suggests: "6 hours")),
        .bad("a period without a unit", by("range: ts, every: 6"), ExpectedIssue("3:29", "not a period")),
        .bad("half a month", by("range: ts, every: 0.5 months"), ExpectedIssue("3:29", "its number must be whole")),
        .bad("no months", by("range: ts, every: 0 months"), ExpectedIssue("3:29", "from 1 to 999999")),
        .bad(
            "a day that isn't one",
            by("range: ts, every: week, start: sundy"),
            ExpectedIssue("3:42", "none of monday, tuesday", suggests: "sunday")
        ),
        .bad(
            "months that start on a Sunday",
            by("range: ts, every: month, start: sunday"),
            ExpectedIssue("3:36", "the day that weeks begin on")
        ),
        .bad(
            "a date without a day",
            by("range: ts, every: month, anchor: 2026-01"),
            ExpectedIssue("3:44", "not a date")
        ),
        .subtle(
            "a date that isn't one",
            by("range: ts, every: month, anchor: 2026-02-30"),
            ExpectedIssue("3:44", "not a date")
        ),
        .bad(
            "a date with seconds",
            by("range: ts, every: month, anchor: 2026-01-01 00:00:01"),
            ExpectedIssue("3:44", "not a date")
        ),
        .subtle(
            "an anchor in the middle of a week",
            by("range: ts, every: week, anchor: 2026-01-07"),
            ExpectedIssue("3:35", "is a wednesday, and weeks begin on monday here: add \"start: wednesday\"")
        ),
        .subtle(
            "an anchor in the middle of a quarter",
            by("range: ts, every: quarter, anchor: 2026-02-01"),
            ExpectedIssue("3:38", "write \"every: 3 months\"")
        ),
        .bad(
            "an anchor of a list",
            by("list: r, values: [a], anchor: 2026-01-01"),
            ExpectedIssue("3:33", "\"anchor\" belongs to a level by range")
        ),
        .bad(
            "a period of a hash",
            by("hash: id, modulus: 4, every: month"),
            ExpectedIssue("3:33", "\"every\" belongs to a level by range, and this one is by hash")
        ),
        .bad(
            "values of a range",
            by("range: ts, every: day, values: [a]"),
            ExpectedIssue("3:34", "belongs to a level by list")
        ),
        .bad(
            "a modulus of a range",
            by("range: ts, every: day, modulus: 4"),
            ExpectedIssue("3:34", "belongs to a level by hash")
        ),
        .bad(
            "a number for a column",
            by("range: 5, every: day"),
            ExpectedIssue("3:18", "put it in quotes", suggests: "\"5\"")
        ),
        .bad("an empty column", by("range: \"\", every: day"), ExpectedIssue("3:18", "a name can't be empty")),
        .bad(
            "a column quoted as in SQL",
            by("range: '\"Event Time\"', every: day"),
            ExpectedIssue("3:18", "quoted as in SQL", suggests: "Event Time")
        ),
        .subtle(
            "a column too long",
            by("range: \(String(repeating: "x", count: 64)), every: day"),
            ExpectedIssue("3:18", "63 bytes")
        ),
        .bad("a list without values", by("list: region"), ExpectedIssue("3:5", "needs \"values\"")),
        .bad(
            "a list with no values",
            by("list: region, values: []"),
            ExpectedIssue("3:33", "\"values\" has nothing in it")
        ),
        .bad("one value", by("list: region, values: eu"), ExpectedIssue("3:33", "must be a list of values")),
        .bad("a list of lists", by("list: region, values: [[eu]]"), ExpectedIssue("3:34", "a single one")),
        .bad(
            "a value twice",
            by("list: region, values: [eu, us, eu]"),
            ExpectedIssue("3:42", "\"eu\" is here a second time")
        ),
        .bad("null twice", by("list: region, values: [null, ~]"), ExpectedIssue("3:40", "null is here a second time")),
        .subtle(
            "a number twice, once in quotes",
            by("list: region, values: [7, \"7\"]"),
            ExpectedIssue("3:37", "\"7\" is here a second time")
        ),
        .subtle(
            "a value with a leading zero",
            by("list: zip, values: [01234]"),
            ExpectedIssue("3:31", "may be a number or the text", suggests: "\"01234\"")
        ),
        .subtle(
            "a value with an exponent",
            by("list: zip, values: [1e5]"),
            ExpectedIssue("3:31", "may be a number or the text", suggests: "\"1e5\"")
        ),
        .subtle(
            "a truth value in capitals",
            by("list: flag, values: [TRUE]"),
            ExpectedIssue("3:32", "put it in quotes", suggests: "\"TRUE\"")
        ),
        .bad(
            "values with another key",
            by("list: region, values: { sql: select }"),
            ExpectedIssue("3:35", "unknown key \"sql\" in values, which has query")
        ),
        .bad(
            "an empty query",
            by("list: region, values: { query: \"\" }"),
            ExpectedIssue("3:42", "a query can't be empty")
        ),
        .bad("a hash without a modulus", by("hash: id"), ExpectedIssue("3:5", "needs \"modulus\"")),
        .bad("a modulus of nothing", by("hash: id, modulus: 0"), ExpectedIssue("3:30", "from 1 to 10000")),
        .bad("a modulus that isn't whole", by("hash: id, modulus: 2.5"), ExpectedIssue("3:30", "from 1 to 10000")),
        .bad("a modulus in quotes", by("hash: id, modulus: \"4\""), ExpectedIssue("3:30", "from 1 to 10000")),
        .bad(
            "an enormous modulus",
            by("hash: id, modulus: 99999999999999999999"),
            ExpectedIssue("3:30", "from 1 to 10000")
        ),
        .bad(
            "a mistake in the second level",
            nested("hash: id, modulus: 4", "range: ts, every: dya"),
            ExpectedIssue("5:29", "not a period", suggests: "day")
        ),
        .subtle(
            "a month inside a month",
            nested("range: ts, every: month", "range: ts, every: month"),
            ExpectedIssue("5:22", "one partition every month can't lie inside one every month")
        ),
        .subtle(
            "an anchor a day after a quarter",
            by("range: ts, every: quarter, anchor: 2026-04-02"),
            ExpectedIssue("3:38", "isn't the first day of a quarter")
        ),
        .subtle(
            "a year inside a month",
            nested("range: ts, every: month", "range: ts, every: year"),
            ExpectedIssue("5:22", "one partition every year can't lie inside one every month")
        ),
    ]
}
