// SPDX-License-Identifier: Apache-2.0
// Part of partition-cli. See LICENSE and CONTRIBUTING.md.

/// Microseconds in the units that always have the same length.
enum Microseconds {
    static let perSecond: Int64 = 1_000_000
    static let perMinute: Int64 = 60 * perSecond
    static let perHour: Int64 = 60 * perMinute
    static let perDay: Int64 = 24 * perHour
}

/// The coordinates that a PostgreSQL timestamp can have and 64-bit microseconds since 1970 can express.
///
/// PostgreSQL (`src/include/datatype/timestamp.h`) counts microseconds from 2000 and so reaches 294276-12-31; counted
/// from 1970 the range ends 30 years earlier. `Int64.min` and `Int64.max` stand for the two infinities.
enum CoordinateLimits {
    /// 4714-11-24 00:00:00 BC, the first moment of Julian day 0, inclusive.
    static let lowest: Int64 = -2_440_588 * Microseconds.perDay
    /// 294247-01-10 04:00:54.775806, inclusive.
    static let highest = Int64.max - 1
    static let finite = lowest...highest
}
