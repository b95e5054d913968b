// SPDX-License-Identifier: Apache-2.0
// Part of partition-cli. See LICENSE and CONTRIBUTING.md.

extension PolicySample {
    /// INTERFACE's own example.
    static let interface = """
        # yaml-language-server: $schema=./partitions.schema.json
        database: ${DB_URL}            # $$ is a dollar; an undefined variable is an error
        registry: ${REGISTRY_URL}
        defaults:
          buffer: 60d                  # how far ahead partitions must exist
          window: "02:00-05:00"        # optional; DDL only then, in the zone below
          emergency: 14d               # < buffer; default min(14d, buffer / 4)
          timezone: UTC
          quota: { threshold: 80%, capacity: 2 TiB }
        tables:
          public.events:
            by: { range: event_ts, every: month }
            name: "{table}_{yyyy}_{mm}"
            default: keep              # keep | create | none
            drain: auto                # auto | off
            adopt: true
            retain: { for: 13 months, then: detach, grace: 7d }
          app.orders:                  # composite, any depth
            by:
              - { list: tenant_id, values: { query: "select id from app.tenants" } }
              - { range: event_ts, every: day }

        """

    static let good: [PolicySample] = [
        .good("INTERFACE's example", interface),
        .good("the smallest file", events),
        .good("connections with text and variables", "database: postgresql://app:${PW}@db/a$$b\n" + events),
        .good("connections without variables", "database: host=db dbname=app\nregistry: redis://r/0\n" + events),
        .good("defaults with one key", "defaults: { buffer: 30 days }\n" + events),
        .good(
            "every setting of a table",
            events + """
                    buffer: 2 weeks
                    window: 22:30-04:00
                    emergency: 36h
                    timezone: America/Argentina/Buenos_Aires
                    quota:
                      capacity: 1.5 TiB

                """
        ),
        .good("quota with a threshold only", events + "    quota: { threshold: 100% }\n"),
        .good("a quoted table", "tables:\n  'app.\"Order Lines\"':\n    by: { range: ts, every: day }\n"),
        .good("a table of other letters", "tables:\n  öffentlich.straße$1:\n    by: { range: ts, every: day }\n"),
        .good("weeks from Sunday", by("range: ts, every: week, start: sunday")),
        .good("six hours from an anchor", by("range: ts, every: 6 hours, anchor: 2026-01-01 03:00")),
        .good("weeks from an anchor", by("range: ts, every: 2 weeks, anchor: 2026-01-05")),
        .good("quarters from an anchor", by("range: ts, every: quarter, anchor: 2026-04-01")),
        .good("months that begin on the 15th", by("range: ts, every: month, anchor: 2026-01-15")),
        .good(
            "every unit",
            ["minutes", "hour", "15 minutes", "days", "2 quarters", "year", "10 years"].enumerated()
                .reduce("tables:\n") { $0 + "  public.t\($1.offset): { by: { range: ts, every: \($1.element) } }\n" }
        ),
        .good("a column with capitals and a space", by("range: \"Event Time\", every: day")),
        .good("a list of values", by("list: region, values: [eu, \"42\", 7, -1.5, null, true, \"yes\"]")),
        .good(
            "a list in lines",
            "tables:\n  a.b:\n    by:\n      list: region\n      values:\n        - eu\n        - us\n"
        ),
        .good("a query", by("list: id, values: { query: select id from t }")),
        .good("hash", by("hash: id, modulus: 8")),
        .good(
            "three levels",
            "tables:\n  a.b:\n    by:\n      - { list: r, values: [eu] }\n      - { hash: id, modulus: 4 }\n"
                + "      - { range: ts, every: day }\n"
        ),
        .good(
            "a month inside a year",
            "tables:\n  a.b:\n    by:\n      - { range: ts, every: year }\n"
                + "      - { range: ts, every: month }\n"
        ),
        .good(
            "every rule for the default partition",
            ["keep", "create", "none"].enumerated()
                .reduce("tables:\n") {
                    $0 + "  s.t\($1.offset): { by: { range: ts, every: day }, default: \($1.element) }\n"
                }
        ),
        .good("no draining", events + "    drain: off\n    adopt: false\n"),
        .good("a name without the table's", events + "    name: ev_{yyyy}{mm}\n"),
        .good(
            "one name in two schemas",
            ["a", "b"].reduce("tables:\n") {
                $0 + "  \($1).t: { by: { range: ts, every: year }, name: \"p_{yyyy}\" }\n"
            }
        ),
        .good(
            "levels by different columns",
            "tables:\n  a.b:\n    by:\n      - { range: a, every: day }\n"
                + "      - { range: b, every: month }\n"
        ),
        .good("nothing is retired", events + "    retain: { then: keep }\n"),
        .good("kept with an age", events + "    retain: { for: 1 year, then: keep }\n"),
        .good("moved", events + "    retain: { for: 90d, then: move, schema: old }\n"),
        .good("archived", events + "    retain: { for: 1y, then: archive, to: \"s3://b/p\" }\n"),
        .good("archived and dropped", events + "    retain: { for: 1y, then: archive, to: /a, drop: true }\n"),
        .good("dropped after a grace", events + "    retain: { for: 2w, then: drop, grace: 1 day }\n"),
        .good(
            "an anchor and an alias of YAML",
            "tables:\n  a.b: { by: &m { range: ts, every: month } }\n  a.c: { by: *m }\n"
        ),
        .good("JSON", "{\"tables\": {\"a.b\": {\"by\": {\"range\": \"ts\", \"every\": \"month\"}}}}"),
        .good("lines that end as on Windows", "tables:\r\n  a.b:\r\n    by: { range: ts, every: month }\r\n"),
        .good("a byte order mark", "\u{FEFF}" + events),
        .good("markers of a document", "---\n" + events + "...\n"),
    ]
}
