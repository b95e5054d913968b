// SPDX-License-Identifier: Apache-2.0
// Part of partition-cli. See LICENSE and CONTRIBUTING.md.

import PartitionRegistryHTTP
import PartitionRouter
import Partitioning
import Provisioning
import Testing

@testable import partition_cli

@Suite("Hazards of endpoints")
struct EndpointHazardTests {
    @Test(
        "an etcd that tells its quota is near it from 80 % on; of one that doesn't the usual quota is only noted",
        arguments: [
            (799, 1000, nil), (800, 1000, Finding.Severity.warning), (1_717_986_917, nil, nil),
            (1_717_986_919, nil, .note),
        ] as [(Int64, Int64?, Finding.Severity?)]
    )
    func nearQuota(size: Int64, quota: Int64?, severity: Finding.Severity?) {
        let endpoint = RegistryEndpoint(host: "h", port: 1)
        let space = EtcdSpace(size: size, used: 1, quota: quota)
        let hazards = Hazard.hazards(of: [EndpointStanding(endpoint: endpoint, space: space)], registry: "r")
        #expect(hazards.map(\.severity) == (severity.map { [$0] } ?? []))
    }
}
