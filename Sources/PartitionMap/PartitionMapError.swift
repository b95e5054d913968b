// SPDX-License-Identifier: Apache-2.0
// Part of partition-cli. See LICENSE and CONTRIBUTING.md.

/// Why bytes, values or names aren't a partition map.
public struct PartitionMapError: Error, Hashable, Sendable, CustomStringConvertible {
    /// The class of the error. It may grow; compare with the constants.
    public struct Code: Hashable, Sendable, CustomStringConvertible {
        private enum Backing: String {
            case malformed, notCanonical, tooLarge, invalid, mismatch
        }

        private let backing: Backing

        /// The bytes aren't JSON, or the text isn't of the form it should have.
        public static let malformed = Code(backing: .malformed)
        /// The bytes are JSON, but not in the canonical form, so that two stores could hold different bytes for one map.
        public static let notCanonical = Code(backing: .notCanonical)
        /// A bound of this package on size, depth or count is exceeded.
        public static let tooLarge = Code(backing: .tooLarge)
        /// Well formed, but a rule is broken: overlapping bounds, a wrong order, an impossible combination.
        public static let invalid = Code(backing: .invalid)
        /// Header and document don't belong together.
        public static let mismatch = Code(backing: .mismatch)

        public var description: String { backing.rawValue }
    }

    public let code: Code
    /// One sentence, without the document's content beyond names and bounds.
    public let message: String

    public init(_ code: Code, _ message: String) {
        self.code = code
        self.message = message
    }

    public var description: String { message }
}
