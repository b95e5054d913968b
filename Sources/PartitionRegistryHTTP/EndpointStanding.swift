// SPDX-License-Identifier: Apache-2.0
// Part of partition-cli. See LICENSE and CONTRIBUTING.md.

package import PartitionRouter

/// How one endpoint of an etcd or Consul registry is.
package struct EndpointStanding: Sendable {
    /// Of the registry URL.
    package var endpoint: RegistryEndpoint
    /// Why maps can't be read from it; nil where they can.
    package var failure: RegistryError?
    /// Nil where the endpoint doesn't tell, and for Consul, which sets itself no limit.
    package var space: EtcdSpace?

    package init(endpoint: RegistryEndpoint, failure: RegistryError? = nil, space: EtcdSpace? = nil) {
        self.endpoint = endpoint
        self.failure = failure
        self.space = space
    }
}

/// The space of one etcd server, and what the cluster has raised alarm about.
package struct EtcdSpace: Sendable, Hashable {
    /// The size of its file in bytes, which is what its quota counts.
    package var size: Int64
    /// What of it would be left by a defragmentation, in bytes.
    package var used: Int64?
    /// The quota in bytes; nil where the server doesn't tell it (before etcd 3.6).
    package var quota: Int64?
    /// By their names in etcd, as in `NOSPACE` or `CORRUPT`.
    package var alarms: Set<String>

    package init(size: Int64, used: Int64? = nil, quota: Int64? = nil, alarms: Set<String> = []) {
        self.size = size
        self.used = used
        self.quota = quota
        self.alarms = alarms
    }
}

extension HTTPRegistry {
    /// Looks at each endpoint by itself, also at those that wouldn't be asked while another one answers.
    ///
    /// - Throws: ``RegistryError/Code/cancelled`` alone.
    package func endpointStandings() async throws(RegistryError) -> [EndpointStanding] {
        let key = MapPlace.root(prefix)
        var standings: [EndpointStanding] = []
        for (number, endpoint) in store.endpoints.enumerated() {
            var standing = EndpointStanding(endpoint: endpoint)
            do throws(RegistryError) {
                standing.space = try await store.examine(number, reading: key)
            } catch {
                guard error.code != .cancelled else { throw error }
                standing.failure = error
            }
            standings.append(standing)
        }
        return standings
    }
}
