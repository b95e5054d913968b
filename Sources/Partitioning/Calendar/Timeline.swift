// SPDX-License-Identifier: Apache-2.0
// Part of partition-cli. See LICENSE and CONTRIBUTING.md.

/// What a coordinate of a partition key counts: wall-clock time, or moments that a zone shows as wall-clock time.
package enum Timeline: Hashable, Codable, Sendable {
    /// `date` and `timestamp`: a coordinate is microseconds on a wall clock; every day has 24 hours.
    case civil
    /// `timestamptz`: a coordinate is microseconds since 1970 UTC; days and months are those of the zone.
    case zoned(ZoneRules)

    /// The coordinate of a local time. In a zone, skipped and repeated times are read as PostgreSQL reads them
    /// (``ZoneRules/instant(_:)``).
    package func coordinate(of civil: CivilDateTime) -> Int64 {
        switch self {
        case .civil: civil.microseconds
        case .zoned(let rules): rules.instant(civil).microseconds
        }
    }

    /// The local time at a coordinate.
    package func civil(at coordinate: Int64) -> CivilDateTime {
        switch self {
        case .civil: CivilDateTime(microseconds: coordinate)
        case .zoned(let rules): rules.civil(Instant(microseconds: coordinate))
        }
    }

    /// PostgreSQL's name of the zone; `nil` where there is none.
    package var zoneName: String? {
        switch self {
        case .civil: nil
        case .zoned(let rules): rules.name
        }
    }
}
