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
    /// What would show all of them, where this role isn't shown others' sessions.
    var grant: String?

    var description: String {
        let seconds = Int((after / .seconds(1)).rounded())
        let start = "\(work) was broken off after \(seconds) s, which was its share of the run's time"
        guard let first = blockers.first else {
            let unseen = grant.map { "; \($0) shows whose old snapshot it may have waited for" } ?? ""
            return start + "; a longer --deadline gives it more" + unseen
        }
        let others = blockers.count == 1 ? "" : " and \(blockers.count - 1) more"
        return "\(start): such work waits for \(first)\(others)"
    }
}
