// SPDX-License-Identifier: Apache-2.0
// Part of partition-cli. See LICENSE and CONTRIBUTING.md.

/// What a router serves from a map that wasn't confirmed for 90 seconds.
public enum WhenStale: Sendable, Hashable {
    /// The partitions that the map promises to keep, until that promise ends; each lookup is counted. For other keys a
    /// ``RoutingMiss/Reason/stale`` is thrown. Rows are never lost.
    case serveStable
    /// Every partition that the map has, counted. A row for a partition that is being retired meanwhile is lost. What the map doesn't
    /// have it isn't asked about: for a key without a partition ``RoutingMiss/Reason/stale`` is thrown all the same.
    case serveAll
    /// Nothing.
    case refuse
}

/// What the partitions of an interval are asked for; the two differ by those that are about to be retired.
public enum PartitionUse: Sendable, Hashable {
    /// Every partition that holds rows of the interval, those that are about to be retired (`draining`)
    /// among them, and the default one where a part of the interval has no other.
    ///
    /// One that is draining may be detached at any moment, the present one included: to read it straight means to expect that it is
    /// gone, with its rows. Whoever doesn't want to reads such a part of the interval through the table itself.
    case reading
    /// Every partition that lookups of the interval's keys lead to (``Reader/index(for:)-(Int64)``): none that is draining, and the
    /// default one only with ``OnMiss/default``.
    case writing
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
