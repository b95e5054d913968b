// SPDX-License-Identifier: Apache-2.0
// Part of partition-cli. See LICENSE and CONTRIBUTING.md.

/// Where a key belongs, in four bytes: an entry's index where the entry is active, its complement where it isn't (draining, or
/// a default partition), or ``none``. So one comparison tells whether there is anything to think about.
package struct PartitionSlot: Hashable, Sendable {
    package static let none = PartitionSlot(rawValue: RangeTable.none)

    package let rawValue: Int32

    @inlinable
    package init(rawValue: Int32) {
        self.rawValue = rawValue
    }

    init(_ index: Int, _ state: PartitionMapDocument.State) {
        rawValue = state == .active ? Int32(index) : ~Int32(index)
    }

    @inlinable package var isActive: Bool { rawValue >= 0 }

    /// The entry's index; nil where no partition holds the key.
    package var index: Int? { self == .none ? nil : Int(isActive ? rawValue : ~rawValue) }
}
