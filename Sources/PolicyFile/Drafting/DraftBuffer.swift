// SPDX-License-Identifier: Apache-2.0
// Part of partition-cli. See LICENSE and CONTRIBUTING.md.

import Partitioning

/// The buffer to write down for a table: one with which nothing is created yet, if there is any.
struct DraftBuffer {
    /// nil where the usual buffer asks for nothing either.
    let written: PolicyDuration?
    /// Until when nothing is created with ``written``, to the minute; nil where the usual buffer is kept, and where no buffer is
    /// short enough.
    let idleUntil: Instant?

    /// Whoever has the file written looks through it before the first plan: so long, where that is possible, it stays empty.
    private static let allowance = 60

    init(for table: PartitionedTable, _ policy: GrowthPolicy, now: Instant) {
        let usual = Buffer(days: PlanSettings.standardBufferDays)
        let limit = Buffer(minutes: usual.minutes + Self.allowance)
        let unit = Self.unit(of: policy.grid.period)
        guard let longest = policy.idleBuffer(of: table, now: now, limit: limit)?.minutes else {
            written = PolicyDuration(1, unit)
            idleUntil = nil
            return
        }
        let room = longest - min(Self.allowance, longest / 2)
        guard room < usual.minutes else {
            written = nil
            idleUntil = nil
            return
        }
        let (count, chosen) = Self.whole(room, from: unit)
        written = PolicyDuration(count, chosen)
        let ahead = Int64(longest - Self.minutes(chosen) * count) * 60_000_000
        idleUntil = Instant(microseconds: (now.microseconds + ahead) / 60_000_000 * 60_000_000)
    }

    /// The unit that a buffer for such a period is said in.
    private static func unit(of period: Period) -> PolicyDuration.Unit {
        period.isCalendar ? .day : period.approximateMicroseconds < 3_600_000_000 ? .minute : .hour
    }

    /// As many whole units as there is room for, of a smaller unit where not one has room; whole days as days.
    private static func whole(_ room: Int, from unit: PolicyDuration.Unit) -> (Int, PolicyDuration.Unit) {
        let units: [PolicyDuration.Unit] = [.day, .hour, .minute]
        let first = units.firstIndex(of: unit) ?? 0
        let fitting = units[first...].first { minutes($0) <= room } ?? .minute
        let rounded = room / minutes(fitting) * minutes(fitting)
        // Of a divisor only the largest reads well: 48 hours are 2 days.
        let written = units.first { rounded % minutes($0) == 0 } ?? .minute
        return (rounded / minutes(written), written)
    }

    private static func minutes(_ unit: PolicyDuration.Unit) -> Int {
        switch unit {
        case .minute: 1
        case .hour: 60
        default: Buffer.minutesPerDay
        }
    }
}
