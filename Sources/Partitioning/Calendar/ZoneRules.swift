// SPDX-License-Identifier: Apache-2.0
// Part of partition-cli. See LICENSE and CONTRIBUTING.md.

/// A time zone's offsets from UTC, as the server has them: a value, so that no decision depends on this machine's zone
/// files.
///
/// The transitions must be complete from the first time that is asked about, and that is a grid's anchor (2000-01-01
/// unless the policy names another), to the last. Before the first transition ``initialOffset`` holds for ever.
package struct ZoneRules: Hashable, Sendable {
    /// From this moment on clocks show UTC + `offset`.
    package struct Transition: Hashable, Codable, Sendable {
        package let at: Instant
        /// Seconds east of UTC.
        package let offset: Int

        package init(at: Instant, offset: Int) {
            self.at = at
            self.offset = offset
        }
    }

    /// PostgreSQL's name, such as `Europe/Paris`.
    package let name: String
    /// Seconds east of UTC before the first transition.
    package let initialOffset: Int
    /// In order of time; each one changes the offset.
    package let transitions: [Transition]

    /// - Parameters:
    ///   - initialOffset: An offset of a day or more is cut to a second less, here and in `transitions`: PostgreSQL's
    ///     rule for reading local times, and every search in a grid, rely on shorter ones.
    ///   - transitions: In any order; those which change nothing are left out.
    package init(name: String, initialOffset: Int, transitions: [Transition]) {
        self.name = name
        self.initialOffset = Self.shorterThanDay(initialOffset)
        var current = self.initialOffset
        self.transitions = transitions.sorted { $0.at < $1.at }.compactMap { transition in
            let offset = Self.shorterThanDay(transition.offset)
            guard offset != current else { return nil }
            current = offset
            return Transition(at: transition.at, offset: offset)
        }
    }

    private static func shorterThanDay(_ offset: Int) -> Int {
        min(max(offset, -86_399), 86_399)
    }

    package static let utc = ZoneRules(name: "UTC", initialOffset: 0, transitions: [])

    /// Seconds east of UTC in force at `instant`.
    package func offset(at instant: Instant) -> Int {
        let after = firstTransition { $0.at > instant }
        return after == 0 ? initialOffset : transitions[after - 1].offset
    }

    /// What clocks show at `instant`. Saturates at the ends of what can be expressed.
    package func civil(_ instant: Instant) -> CivilDateTime {
        CivilDateTime(microseconds: Self.clamped(instant.microseconds, plusSeconds: offset(at: instant)))
    }

    /// The moment that PostgreSQL takes a local time to mean: `DetermineTimeZoneOffset`
    /// (`src/backend/utils/adt/datetime.c`).
    ///
    /// A time that clocks skip is read with the offset before the jump (02:30 becomes 03:30); a time that comes twice
    /// is the second one, read with the offset after the change. Saturates at the ends of what can be expressed.
    package func instant(_ civil: CivilDateTime) -> Instant {
        // As PostgreSQL: taking the local time for UTC and going back one day gives a moment before which no transition
        // matters, since offsets are shorter than a day and transitions further apart than two.
        let dayBefore = Instant(microseconds: Self.clamped(civil.microseconds, plusSeconds: -86_400))
        let next = firstTransition { $0.at > dayBefore }
        let offsetBefore = next == 0 ? initialOffset : transitions[next - 1].offset
        let before = Self.clamped(civil.microseconds, plusSeconds: 0 - Int128(offsetBefore))
        guard next < transitions.count else { return Instant(microseconds: before) }

        let boundary = transitions[next].at.microseconds
        let after = Self.clamped(civil.microseconds, plusSeconds: 0 - Int128(transitions[next].offset))
        if before < boundary && after < boundary { return Instant(microseconds: before) }
        if before > boundary && after >= boundary { return Instant(microseconds: after) }
        // Skipped: "before" is the later one. Ambiguous: "after" is the later one. PostgreSQL takes the later one in
        // both cases.
        return Instant(microseconds: max(before, after))
    }

    /// Whether clocks showed this same local time earlier already, in the hour that is repeated when they are put back.
    package func isSecondOccurrence(_ instant: Instant) -> Bool {
        let after = firstTransition { $0.at > instant }
        guard after > 0 else { return false }
        let transition = transitions[after - 1]
        let offsetBefore = after == 1 ? initialOffset : transitions[after - 2].offset
        let sinceTransition = Int128(instant.microseconds) - Int128(transition.at.microseconds)
        return sinceTransition < Int128(Microseconds.perSecond) * (Int128(offsetBefore) - Int128(transition.offset))
    }

    /// The index of the first transition that satisfies `condition`, which is false up to some point and true from
    /// there on.
    private func firstTransition(where condition: (Transition) -> Bool) -> Int {
        var low = 0
        var high = transitions.count
        while low < high {
            let middle = low + (high - low) / 2
            if condition(transitions[middle]) { high = middle } else { low = middle + 1 }
        }
        return low
    }

    private static func clamped(_ microseconds: Int64, plusSeconds seconds: some BinaryInteger) -> Int64 {
        Int64(clamping: Int128(microseconds) + Int128(seconds) * Int128(Microseconds.perSecond))
    }
}

extension ZoneRules: Codable {
    private enum CodingKeys: CodingKey { case name, initialOffset, transitions }

    package init(from decoder: any Decoder) throws {
        let container = try decoder.container(keyedBy: CodingKeys.self)
        // Through the initialiser that sorts: binary search relies on it.
        self.init(
            name: try container.decode(String.self, forKey: .name),
            initialOffset: try container.decode(Int.self, forKey: .initialOffset),
            transitions: try container.decode([Transition].self, forKey: .transitions)
        )
    }
}
