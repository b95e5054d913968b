// SPDX-License-Identifier: Apache-2.0
// Part of partition-cli. See LICENSE and CONTRIBUTING.md.

import LibPQ
import PartitionRouter

/// Where events come from that ask for a run.
///
/// Events say only "look": what is to be done is read from the catalog, so one run answers any number of them.
protocol EventSource: Sendable {
    /// For people, without secrets.
    var description: String { get }

    /// The next events, waiting for the first; those that come with it are one answer.
    ///
    /// - Returns: nil when none came for a while.
    /// - Throws: where the source is out of reach; the next call tries again.
    func next() async throws -> EventBurst?

    /// A run answered them.
    func done(_ burst: EventBurst) async throws

    /// A run did not: they are tried again after a pause, or given up.
    ///
    /// - Returns: what to try again; nil where there is nothing more.
    func failed(_ burst: EventBurst, reason: String) async throws -> EventBurst?

    func close() async
}

/// Events that one run answers.
struct EventBurst: Hashable, Sendable {
    /// Their names where the source keeps them until they are acknowledged.
    var ids: [String] = []
    var count: Int
    /// How often a run was tried for them, the coming one included.
    var attempt = 1
}
