// SPDX-License-Identifier: Apache-2.0
// Part of partition-cli. See LICENSE and CONTRIBUTING.md.

#if canImport(Darwin)
    import Darwin
#else
    import Glibc
#endif

/// A C copy of an optional string, freed with its owner; nil is a null pointer.
final class CStringBox {
    private let copy: UnsafeMutablePointer<CChar>?

    init(_ string: String?) {
        copy = string.flatMap { strdup($0) }
    }

    deinit {
        free(copy)
    }

    var pointer: UnsafePointer<CChar>? { UnsafePointer(copy) }
}
