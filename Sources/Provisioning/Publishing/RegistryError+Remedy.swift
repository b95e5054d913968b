// SPDX-License-Identifier: Apache-2.0
// Part of partition-cli. See LICENSE and CONTRIBUTING.md.

package import PartitionRouter

extension RegistryError {
    /// What to do about it: what the driver says, else what its class allows to say.
    package var remedy: String? {
        switch code {
        case .notInstalled: "partition-cli rotate with the same --registry-url makes it"
        case .refused: hint ?? "check user, password and rights of the registry's URL"
        case .unreachable: hint ?? "check host and port of the registry's URL, and whether it is up"
        default: hint
        }
    }
}
