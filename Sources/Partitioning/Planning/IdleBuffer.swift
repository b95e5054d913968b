// SPDX-License-Identifier: Apache-2.0
// Part of partition-cli. See LICENSE and CONTRIBUTING.md.

extension GrowthPolicy {
    /// The longest buffer, in days, with which nothing would have to be created now; nil where even a day needs a partition.
    ///
    /// - Parameter limit: no longer than this; 1 or more.
    package func idleBufferDays(of table: PartitionedTable, now: Instant, limit: Int) -> Int? {
        // A longer buffer never needs less: the limit between the two is found by halving.
        var (idle, busy) = (0, limit + 1)
        while busy - idle > 1 {
            let days = (idle + busy) / 2
            if isIdle(table, now: now, bufferDays: days) { idle = days } else { busy = days }
        }
        return idle > 0 ? idle : nil
    }

    private func isIdle(_ table: PartitionedTable, now: Instant, bufferDays: Int) -> Bool {
        var policy = self
        policy.bufferDays = bufferDays
        guard let codec = table.key.first.flatMap({ CoordinateCodec($0.type) }),
            let required = policy.requiredRange(now: now)
        else { return false }
        let geometry = TableGeometry(table: table, policy: policy, codec: codec, now: now, required: required)
        return geometry.pieces(limit: 1).pieces.isEmpty
    }
}
