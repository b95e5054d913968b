// SPDX-License-Identifier: Apache-2.0
// Part of partition-cli. See LICENSE and CONTRIBUTING.md.

import Partitioning
import PolicyFile
import Testing

@Suite("Writing a policy file")
struct WriterTests {
    @Test("whatever a document says, the parser reads it from the text", arguments: 0..<300 as Range<UInt64>)
    func roundTrip(seed: UInt64) throws {
        var random = RandomPolicy(seed: seed)
        let document = try random.document()
        let text = PolicyWriter().text(document)
        do {
            #expect(try read(text).document == document, "\(text)")
        } catch {
            Issue.record("\(error)\n\(text)")
        }
    }

    @Test("every good sample is read again from what is written of it", arguments: PolicySample.good)
    func samples(_ sample: PolicySample) throws {
        let document = try read(sample.text).document
        #expect(try read(PolicyWriter().text(document)).document == document)
    }

    @Test("the text explains every value, and has the notes at their places")
    func explained() throws {
        let document = try read(
            """
            database: ${DB_URL}
            registry: redis://cache/0
            defaults: { buffer: 60d, emergency: 14d, timezone: UTC, quota: { threshold: 80% } }
            tables:
              public.events:
                by: { range: event_ts, every: month }
                name: "{table}_{yyyy}_{mm}"
                default: keep
                adopt: true
              app."Order Lines":
                by: { range: ts, every: 2 weeks, start: sunday, anchor: 2026-01-04 }
                timezone: Europe/Berlin

            """
        ).document
        let writer = PolicyWriter(
            header: ["Written by partition-cli init.\nEdit it as you like."],
            notes: [
                ["tables", "public.events", "by"]: ["Read off 24 partitions."],
                ["tables", "public.events"]: ["12 GB in 24 partitions."],
                ["defaults", "quota", "threshold"]: ["The default."],
                ["tables", "app.\"Order Lines\"", "timezone"]: ["Its bounds are midnights there."],
            ],
            footer: ["", "Left out: public.audit is partitioned by list."]
        )
        #expect(
            writer.text(document) == """
                # yaml-language-server: $schema=./partitions.schema.json
                # Written by partition-cli init.
                # Edit it as you like.

                # ${NAME} is an environment variable, $$ a dollar.
                database: ${DB_URL}
                # Where applications find out which partitions there are.
                registry: "redis://cache/0"

                # For every table below that doesn't say otherwise.
                defaults:
                  # How far ahead of now partitions must exist.
                  buffer: 60d
                  # With less than this ahead, changes are made at any time of day.
                  emergency: 14d
                  # The time zone whose midnights are bounds.
                  timezone: UTC
                  quota:
                    # With more of the space used than this, no partitions are made.
                    # The default.
                    threshold: 80%

                # Only these are looked after.
                tables:
                  # 12 GB in 24 partitions.
                  public.events:
                    # One partition every month of event_ts.
                    # Read off 24 partitions.
                    by: { range: event_ts, every: month }
                    # How partitions are named: such as events_2026_11.
                    name: "{table}_{yyyy}_{mm}"
                    # A default partition stays if there is one; none is made.
                    default: keep
                    # Partitions made by other hands count as ours: retention may retire them.
                    adopt: true

                  "app.\\"Order Lines\\"":
                    # One partition every 2 weeks (sunday) of ts.
                    by: { range: ts, every: 2 weeks, anchor: 2026-01-04, start: sunday }
                    # The time zone whose midnights are bounds.
                    # Its bounds are midnights there.
                    timezone: Europe/Berlin

                #
                # Left out: public.audit is partitioned by list.

                """
        )
    }

    @Test("a note can't leave its comment")
    func notes() throws {
        let document = try read(PolicySample.events).document
        let note = "a\nb\rdatabase: x\u{85}c\u{2028}d\u{0}e"
        let text = PolicyWriter(header: [note], notes: [["tables", "public.events"]: [note]], footer: [note]).text(
            document
        )
        #expect(try read(text).document == document)
        #expect(text.contains("# b database: x c d e\n"))
    }
}
