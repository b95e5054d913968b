// SPDX-License-Identifier: Apache-2.0
// Part of partition-cli. See LICENSE and CONTRIBUTING.md.

#if canImport(FoundationEssentials)
    import FoundationEssentials
#else
    import Foundation
#endif

/// A condition that somebody is to be woken for, or its end, as Alertmanager's API (version 2) takes it.
package struct Alert: Hashable, Sendable, Encodable {
    /// What makes it the same alert: Alertmanager tells alerts apart by these.
    package var labels: [String: String]
    /// For people.
    package var annotations: [String: String]
    /// RFC 3339.
    package var startsAt: String
    /// RFC 3339. In the past: the condition is over.
    package var endsAt: String
    /// Whether the condition holds; told by ``endsAt``.
    package var isFiring: Bool

    private enum CodingKeys: String, CodingKey { case labels, annotations, startsAt, endsAt }

    /// - Parameters:
    ///   - seconds: of now, since 1970 UTC.
    ///   - isFiring: whether the condition holds.
    ///   - lifetime: in seconds, how long it is believed without another run that says so.
    package init(
        labels: [String: String],
        annotations: [String: String],
        at seconds: Int64,
        isFiring: Bool,
        lifetime: Int64
    ) {
        self.labels = labels
        self.annotations = annotations
        self.isFiring = isFiring
        startsAt = Self.time(seconds)
        endsAt = Self.time(isFiring ? seconds + lifetime : seconds)
    }

    private static func time(_ seconds: Int64) -> String {
        Date(timeIntervalSince1970: Double(seconds)).formatted(.iso8601)
    }
}
