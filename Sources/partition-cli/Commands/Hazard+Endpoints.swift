// SPDX-License-Identifier: Apache-2.0
// Part of partition-cli. See LICENSE and CONTRIBUTING.md.

import PartitionRegistryHTTP
import PartitionRouter
import Partitioning
import Provisioning

extension Hazard {
    /// From this share of etcd's quota on.
    private static let fullShare = 0.8
    /// etcd's own, where nobody set another one: 2 GiB (its documentation, "Storage size limit").
    private static let usualQuota: Int64 = 2 << 30

    /// Endpoints that don't answer while another one does, and etcd's space.
    static func hazards(of endpoints: [EndpointStanding], registry: String) -> [Hazard] {
        let good = endpoints.filter { $0.failure == nil }.count
        let away = endpoints.compactMap { standing in
            standing.failure.map { failure in
                Hazard(
                    .warning,
                    .registryEndpoint,
                    object: standing.endpoint.description,
                    "\(standing.endpoint) of the registry \(registry) can't be used: \(failure.message)",
                    evidence: ["of \(endpoints.count) endpoints \(good) can be used"],
                    remedy: failure.remedy ?? "see that it is up, or take it out of the registry URL"
                )
            }
        }
        return away + endpoints.compactMap { standing in standing.space.flatMap { space($0, at: standing.endpoint) } }
    }

    private static func space(_ space: EtcdSpace, at endpoint: RegistryEndpoint) -> Hazard? {
        let quota = space.quota ?? usualQuota
        let size =
            "its file has \(Quantity.bytes(space.size))"
            + (space.used.map { ", of which \(Quantity.bytes($0)) are in use" } ?? "")
        let limit =
            space.quota.map { "its quota is \(Quantity.bytes($0))" }
            ?? "it doesn't tell its quota; the usual one is \(Quantity.bytes(quota))"
        let mend =
            "etcdctl compact the revisions, then etcdctl defrag each member; or give etcd more with --quota-backend-bytes"
        if space.alarms.contains("NOSPACE") {
            return Hazard(
                .error,
                .etcdSpace,
                object: endpoint.description,
                "etcd at \(endpoint) takes no writes: its space is used up",
                evidence: ["the alarm NOSPACE is raised", size],
                remedy: "\(mend); then etcdctl alarm disarm"
            )
        }
        if let alarm = space.alarms.sorted().first {
            return Hazard(
                .error,
                .etcdSpace,
                object: endpoint.description,
                "etcd at \(endpoint) has raised the alarm \(alarm)",
                evidence: ["etcdctl alarm list"],
                remedy: "see etcd's log for the member that is meant, and etcd's guide to recovery"
            )
        }
        guard Double(space.size) >= Double(quota) * fullShare else { return nil }
        return Hazard(
            space.quota == nil ? .note : .warning,
            .etcdSpace,
            object: endpoint.description,
            "etcd at \(endpoint) is near its quota; past it, it takes no writes",
            evidence: [size, limit],
            remedy: mend
        )
    }
}
