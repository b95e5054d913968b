// SPDX-License-Identifier: Apache-2.0
// Part of partition-cli. See LICENSE and CONTRIBUTING.md.

/// One event, as clients send it.
struct Event: Codable, Sendable {
    /// ISO 8601 with an offset: `2026-11-26T10:00:00Z`. The router and the server read the same text, and without an offset each
    /// would read it by a zone of its own.
    let at: String
    let kind: String
    let payload: String?
}

/// What became of a batch.
struct Receipt: Codable, Sendable {
    let loaded: Int
    /// Of the partition map by which it was sorted.
    let version: Int64
    /// How many events each table took.
    let tables: [String: Int]
}
