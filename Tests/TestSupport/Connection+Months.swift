// SPDX-License-Identifier: Apache-2.0
// Part of partition-cli. See LICENSE and CONTRIBUTING.md.

import LibPQ

extension Connection {
    /// The months, in UTC and by the server's clock, that a buffer of so many days from now needs partitions for: the current one first, then all
    /// that begin before the buffer ends, each as `2026_01`. Their number depends on the day of the year: 60 days from 1 December
    /// need two, 60 days from 30 November three.
    ///
    /// - Parameter days: the run's buffer; 60 where it isn't told one.
    package func months(ahead days: Int = 60) async throws -> [String] {
        try await query(
            """
            SELECT to_char(m, 'YYYY_MM') AS month
              FROM generate_series(date_trunc('month', now() AT TIME ZONE 'UTC'),
                     now() AT TIME ZONE 'UTC' + \(literal: Int64(days)) * interval '1 day', interval '1 month') m
            """
        ).map { try $0.string("month") }
    }
}
