// SPDX-License-Identifier: Apache-2.0
// Part of partition-cli. See LICENSE and CONTRIBUTING.md.

/// Something worth telling about a table: what happened, to what, why, and what to do next.
package struct Finding: Hashable, Codable, Sendable {
    package enum Severity: String, Hashable, Codable, Sendable, Comparable {
        case note, warning, error

        package static func < (left: Severity, right: Severity) -> Bool { left.rank < right.rank }

        private var rank: Int {
            switch self {
            case .note: 0
            case .warning: 1
            case .error: 2
            }
        }
    }

    /// Stable names for programs; part of the JSON contract.
    package enum Code: String, Hashable, Codable, Sendable {
        case leftAlone = "left-alone"
        case notCovered = "not-covered"
        case gap
        case overlap
        case missingIndex = "missing-index"
        case propertyDrift = "property-drift"
        case pendingDetach = "pending-detach"
        case leftoverCheck = "leftover-check"
        case nameOccupied = "name-occupied"
        case unreadableBound = "unreadable-bound"
        case rowsInDefault = "rows-in-default"
        case stepCap = "step-cap"
        case zoneHint = "zone-hint"
        case nameStyle = "name-style"
        case leafPublication = "leaf-publication"
        case notVerified = "not-verified"
        case privilege
        case registryDrift = "registry-drift"
        case unwantedDefault = "unwanted-default"
        case windowWaived = "window-waived"
        case lagWaived = "lag-waived"
    }

    package var severity: Severity
    package var code: Code
    package var table: RelationName
    /// The partition, index or other object concerned, for people.
    package var object: String?
    package var message: String
    package var remedy: String?

    package init(
        _ severity: Severity,
        _ code: Code,
        table: RelationName,
        object: String? = nil,
        _ message: String,
        remedy: String? = nil
    ) {
        self.severity = severity
        self.code = code
        self.table = table
        self.object = object
        self.message = message
        self.remedy = remedy
    }
}
