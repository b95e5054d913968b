// SPDX-License-Identifier: Apache-2.0
// Part of partition-cli. See LICENSE and CONTRIBUTING.md.

/// Why a registry couldn't do what it was asked to. No text in it holds a secret.
public struct RegistryError: Error, Hashable, Sendable, CustomStringConvertible {
    /// The class of the error. It may grow; compare with the constants.
    public struct Code: Hashable, Sendable, CustomStringConvertible {
        private enum Backing: String {
            case unreachable, refused, corrupt, unsupported, unconfirmed, notInstalled, cancelled
        }

        private let backing: Backing

        /// No answer in time, or none that a healthy store gives. The outcome of a publish that was sent is unknown.
        public static let unreachable = Code(backing: .unreachable)
        /// The store answered no: password, privilege, certificate, quota, read-only.
        public static let refused = Code(backing: .refused)
        /// The store holds something that no publish can have written.
        public static let corrupt = Code(backing: .corrupt)
        /// The store, or its version, can't do this.
        public static let unsupported = Code(backing: .unsupported)
        /// Written, but not confirmed by as many replicas as asked for; counts as unpublished.
        public static let unconfirmed = Code(backing: .unconfirmed)
        /// The store is there, but the registry's schema isn't.
        public static let notInstalled = Code(backing: .notInstalled)
        /// The task was cancelled; the outcome of a publish is unknown.
        public static let cancelled = Code(backing: .cancelled)

        public var description: String { backing.rawValue }
    }

    public let code: Code
    /// One sentence.
    public let message: String
    /// What to do about it, where there is something to say.
    public let hint: String?

    public init(_ code: Code, _ message: String, hint: String? = nil) {
        self.code = code
        self.message = message
        self.hint = hint
    }

    public var description: String { hint.map { "\(message) (\($0))" } ?? message }
}
