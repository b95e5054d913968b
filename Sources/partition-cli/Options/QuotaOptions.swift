// SPDX-License-Identifier: Apache-2.0
// Part of partition-cli. See LICENSE and CONTRIBUTING.md.

import ArgumentParser
import PolicyFile
import Provisioning

/// How full the space may be.
struct QuotaOptions: ParsableArguments, Sendable {
    @Option(
        parsing: .unconditional,
        help: ArgumentHelp(
            "Create nothing when this share of the partitions' space is used: 1 to 100, in percent.",
            valueName: "percent"
        ),
        transform: Transform.percentage
    )
    var quotaThreshold: Int?

    @Option(
        parsing: .unconditional,
        help: ArgumentHelp(
            """
            How much the space holds in all, for example 500GB or 2TiB. (default: the file system is asked, where the \
            server runs on this machine)
            """,
            valueName: "bytes"
        ),
        transform: Transform.bytes
    )
    var quotaCapacity: Int64?

    @Flag(help: "Create nothing either where it isn't known how full the partitions' space is; exit 73 then.")
    var quotaRequired = false

    func validate() throws {
        if quotaRequired, quotaThreshold == nil {
            throw ValidationError(
                "--quota-required needs --quota-threshold, the percentage from which on nothing is created."
            )
        }
        if quotaCapacity != nil, quotaThreshold == nil {
            throw ValidationError(
                "--quota-capacity needs --quota-threshold, the percentage from which on nothing is created."
            )
        }
    }

    /// A table's own policy comes first, then the options, then the policy file's defaults.
    ///
    /// - Parameter own: nil for what holds where a table says nothing.
    /// - Returns: nil without a threshold.
    func guardian(_ own: PolicySettings?, _ defaults: PolicySettings?) -> QuotaGuard? {
        let threshold = own?.quotaThreshold?.value ?? quotaThreshold ?? defaults?.quotaThreshold?.value
        let capacity = own?.quotaCapacity?.bytes ?? quotaCapacity ?? defaults?.quotaCapacity?.bytes
        return threshold.map {
            QuotaGuard(threshold: Double($0) / 100, declaredCapacity: capacity, isRequired: quotaRequired)
        }
    }
}
