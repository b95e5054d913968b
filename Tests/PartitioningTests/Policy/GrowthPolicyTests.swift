// SPDX-License-Identifier: Apache-2.0
// Part of partition-cli. See LICENSE and CONTRIBUTING.md.

import Partitioning
import Testing

@Suite("A growth policy")
struct GrowthPolicyTests {
    private static func policy(
        _ text: String,
        _ timeline: Timeline = .zoned(.utc),
        zone: ZoneRules = .utc,
        buffer: Int
    ) throws -> GrowthPolicy {
        let period = try period(text)
        return GrowthPolicy(
            grid: Grid(period: period, timeline: timeline),
            zone: zone,
            names: .standard(for: period),
            buffer: Buffer(days: buffer)
        )
    }

    @Test("requires whole cells, from the one that holds now to the one that holds the buffer's end")
    func requiredRange() throws {
        let range = try Self.policy("month", buffer: 60).requiredRange(now: moment("2026-11-22 12:00"))
        #expect(
            try range == KeyRange(lower: moment("2026-11-01").microseconds, upper: moment("2027-02-01").microseconds)
        )
    }

    @Test("requires as much ahead as a buffer of hours says, and no more")
    func hours() throws {
        var policy = try Self.policy("hour", buffer: 1)
        policy.buffer = Buffer(minutes: 5 * 60)
        let range = policy.requiredRange(now: try moment("2026-11-22 12:30"))
        #expect(
            try range
                == KeyRange(
                    lower: moment("2026-11-22 12:00").microseconds,
                    upper: moment("2026-11-22 18:00").microseconds
                )
        )
    }

    @Test("finds, to the minute, the longest buffer that asks for nothing")
    func idle() throws {
        let table = try PartitionedTable.events([
            "a [2026-11-22 11:00, 2026-11-22 12:00)", "b [2026-11-22 12:00, 2026-11-22 18:00)",
        ])
        let policy = try Self.policy("hour", buffer: 60)
        func longest(_ now: String, limit: Int = 86_400) throws -> Int? {
            policy.idleBuffer(of: table, now: try moment(now), limit: Buffer(minutes: limit))?.minutes
        }
        #expect(try longest("2026-11-22 12:30") == 329)
        #expect(try longest("2026-11-22 12:30", limit: 100) == 100)
        #expect(try longest("2026-11-22 17:58") == 1)
        #expect(try longest("2026-11-22 17:59") == nil)
        #expect(try longest("2026-11-22 19:00") == nil)
    }

    @Test("a buffer is said in the largest unit that it is whole in, one of it in the singular")
    func words() {
        let said = [
            (1440, "1 day"), (86_400, "60 days"), (2160, "36 hours"), (60, "1 hour"), (90, "90 minutes"),
            (1, "1 minute"),
        ]
        for (minutes, words) in said { #expect(Buffer(minutes: minutes).description == words) }
        #expect(Buffer(days: .max).microseconds == nil && Buffer(minutes: 1441).wholeDays == 2)
    }

    @Test("counts a buffer in days of 24 hours, also where clocks change")
    func bufferOverClockChange() throws {
        // Noon on 24 October and a day of 24 hours is 11:00 on the 25th in Paris: one cell further, not two.
        let policy = try Self.policy("day", .zoned(.paris), zone: .paris, buffer: 1)
        let range = try #require(policy.requiredRange(now: moment("2026-10-24 10:00")))
        #expect(try range.lower == moment("2026-10-23 22:00").microseconds)
        #expect(try range.upper == moment("2026-10-25 23:00").microseconds)
    }

    @Test("reads now on the wall clock of its zone where the key has none, and as it is where it has one")
    func coordinates() throws {
        let now = try moment("2026-07-01 12:00")
        let civil = try Self.policy("day", .civil, zone: .paris, buffer: 1)
        #expect(try civil.coordinate(of: now) == moment("2026-07-01 14:00").microseconds)
        #expect(civil.civil(now.microseconds).description == "2026-07-01 12:00:00")
        let zoned = try Self.policy("day", .zoned(.paris), zone: .paris, buffer: 1)
        #expect(zoned.coordinate(of: now) == now.microseconds)
        #expect(zoned.civil(now.microseconds).description == "2026-07-01 14:00:00")
    }

    @Test("is patient for its buffer or three periods, whichever is longer, and never traps on it")
    func patience() throws {
        let day: Int64 = 86_400_000_000
        #expect(try Self.policy("day", buffer: 60).patience == 60 * day)
        #expect(try Self.policy("week", buffer: 7).patience == 21 * day)
        #expect(try Self.policy("day", buffer: Int.max).patience == Int64.max)
        #expect(try Self.policy("1000000 years", buffer: 1).patience == Int64.max)
        #expect(try Self.policy("day", buffer: Int.min).patience == 3 * day)
    }

    @Test("requires nothing where PostgreSQL's time ends first")
    func endOfTime() throws {
        let policy = try Self.policy("year", buffer: 1)
        #expect(policy.requiredRange(now: Instant(microseconds: Int64.max - 1)) == nil)
        #expect(policy.requiredRange(now: try moment("294247-01-05")) == nil)
        #expect(try policy.requiredRange(now: moment("294245-06-01")) != nil)
        #expect(try Self.policy("day", buffer: Int.max).requiredRange(now: moment("2026-11-22")) == nil)
    }
}
