// SPDX-License-Identifier: Apache-2.0
// Part of partition-cli. See LICENSE and CONTRIBUTING.md.

/// A daily window on the clocks of a zone: open while they show a time inside it.
///
/// So in the night in which clocks are put back a window over the repeated hour is an hour longer, or opens twice. When they are put
/// forward it is shorter; one that lies wholly in the skipped hour, and would not come at all, is taken as PostgreSQL reads such times, an
/// hour later.
package struct MaintenanceWindow: Hashable, Sendable {
    package let hours: DailyWindow
    package let zone: ZoneRules

    /// - Parameter zone: the server's rules, complete from two days before the moments asked about to ten days after.
    package init(_ hours: DailyWindow, zone: ZoneRules) {
        self.hours = hours
        self.zone = zone
    }

    package func contains(_ moment: Instant) -> Bool {
        let minute = Int(zone.civil(moment).microsecondOfDay / Microseconds.perMinute)
        return hours.contains(minute) || isInsideMoved(moment)
    }

    /// The first moment from this one on at which it is open; nil only at the end of what can be expressed.
    package func opening(from moment: Instant) -> Instant? {
        if contains(moment) { return moment }
        let today = zone.civil(moment).date
        let start = Int64(hours.start) * Microseconds.perMinute
        // A window opens when clocks show its start, under one of the offsets of that day, or with a change of clocks.
        var openings = changes(from: moment, to: moment.adding(days: Self.horizon)).map(\.at)
        for days in -1...Self.horizon {
            guard let day = today.adding(days: days) else { continue }
            let wall = CivilDateTime(midnightOf: day).microseconds + start
            for offset in offsets(around: Instant(microseconds: wall)) {
                openings.append(Instant(microseconds: wall - Int64(offset) * Microseconds.perSecond))
            }
        }
        return openings.filter { $0 > moment && contains($0) }.min()
    }

    /// Days within which an ordinary night is sure to come.
    private static let horizon = 9

    private struct Change {
        var at: Instant
        var before: Int
        var after: Int
    }

    private func changes(from first: Instant, to last: Instant) -> [Change] {
        var before = zone.initialOffset
        var changes: [Change] = []
        for transition in zone.transitions {
            if transition.at >= first && transition.at <= last {
                changes.append(Change(at: transition.at, before: before, after: transition.offset))
            }
            before = transition.offset
        }
        return changes
    }

    /// Every offset in force on the day before, on, or after.
    private func offsets(around moment: Instant) -> Set<Int> {
        Set([-1, 0, 1].map { zone.offset(at: moment.adding(days: $0)) })
    }

    /// Inside a window whose every minute was skipped, and which is therefore moved by what was skipped.
    private func isInsideMoved(_ moment: Instant) -> Bool {
        changes(from: moment.adding(days: -2), to: moment).contains { change in
            let skipped = Int64(change.after - change.before) * Microseconds.perSecond
            guard skipped > 0 else { return false }
            let from = change.at.microseconds + Int64(change.before) * Microseconds.perSecond
            let first = CivilDateTime(microseconds: from).date
            return [-1, 0, 1].compactMap { first.adding(days: $0) }.contains { day in
                let start = CivilDateTime(midnightOf: day).microseconds + Int64(hours.start) * Microseconds.perMinute
                let end = start + Int64(hours.length) * Microseconds.perMinute
                guard start >= from, end <= from + skipped else { return false }
                let wall = moment.microseconds + Int64(change.before) * Microseconds.perSecond
                return (start..<end).contains(wall)
            }
        }
    }
}

extension MaintenanceWindow: CustomStringConvertible {
    package var description: String { "\(hours) \(zone.name)" }

    /// A moment on the clocks of the zone, to the minute: `2026-11-27 02:00`.
    package func local(_ moment: Instant) -> String { String(zone.civil(moment).description.prefix(16)) }
}

extension Instant {
    /// Days of 24 hours; stays inside what can be expressed.
    fileprivate func adding(days: Int) -> Instant {
        let (sum, overflow) = microseconds.addingReportingOverflow(Int64(days) * Microseconds.perDay)
        return overflow ? Instant(microseconds: days > 0 ? .max : .min) : Instant(microseconds: sum)
    }
}
