// SPDX-License-Identifier: Apache-2.0
// Part of partition-cli. See LICENSE and CONTRIBUTING.md.

/// Work beside readers and writers that was broken off when its time was over. The next run begins it anew.
struct OnlineTimeout: Error, CustomStringConvertible {
    /// For people, for example "building the index idx_a on public.a_2026_12".
    var work: String
    /// How long it went on.
    var after: Duration
    /// Transactions that such work waits for, the oldest first; empty where it simply takes long, or nobody else's can be seen.
    var blockers: [Blocker]

    var description: String {
        let seconds = Int((after / .seconds(1)).rounded())
        let start = "\(work) was broken off after \(seconds) s, which was its share of the run's time"
        guard let first = blockers.first else { return start + "; a longer --deadline gives it more" }
        let others = blockers.count == 1 ? "" : " and \(blockers.count - 1) more"
        return "\(start): such work waits for \(first)\(others)"
    }
}
