// SPDX-License-Identifier: Apache-2.0
// Part of partition-cli. See LICENSE and CONTRIBUTING.md.

/// What a router serves from a map that wasn't confirmed for 90 seconds.
public enum WhenStale: Sendable, Hashable {
    /// The partitions that the map promises to keep, until that promise ends; each lookup is counted. For other keys a
    /// ``RoutingMiss/Reason/stale`` is thrown. Rows are never lost.
    case serveStable
    /// Everything, counted. A row for a partition that is being retired meanwhile is lost.
    case serveAll
    /// Nothing.
    case refuse
}

/// What a router answers when it has no partition for a key. The miss is counted and logged all the same.
public enum OnMiss: Sendable, Hashable {
    /// Throws the ``RoutingMiss``.
    case `throw`
    /// The partitioned table itself, whatever the reason: the server routes the row. The circuit breaker that always works as
    /// long as the server has a partition for the key.
    case parent
    /// The default partition, where a key has none of its own and the table has one; otherwise throws.
    case `default`
}
