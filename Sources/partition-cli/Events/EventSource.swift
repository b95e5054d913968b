// SPDX-License-Identifier: Apache-2.0
// Part of partition-cli. See LICENSE and CONTRIBUTING.md.

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

    /// No run could answer them yet, for no fault of theirs: they stay this process' own, and nothing was tried.
    ///
    /// - Returns: those that still wait for an answer, and what came meanwhile where it would get the same; nil where there are none.
    func keep(_ burst: EventBurst) async throws -> EventBurst?

    /// A run failed: they are tried once more.
    ///
    /// - Returns: those that are still there to be tried; nil where there are none.
    func again(_ burst: EventBurst) async throws -> EventBurst?

    /// They are not tried any more.
    func giveUp(_ burst: EventBurst, reason: String) async throws

    func close() async
}

/// Events that one run answers; at least one.
struct EventBurst: Hashable, Sendable {
    struct Event: Hashable, Sendable {
        /// Its name where the source keeps it until it is acknowledged, else empty.
        var id = ""
        /// How often a run was tried for it, the coming one included.
        var tries = 1
    }

    var events: [Event]

    var count: Int { events.count }
    /// Of the one that was tried most often.
    var attempt: Int { events.map(\.tries).max() ?? 1 }

    /// - Returns: nil where no event is of that kind.
    func filter(_ isIncluded: (Event) -> Bool) -> EventBurst? {
        let events = events.filter(isIncluded)
        return events.isEmpty ? nil : EventBurst(events: events)
    }
}
