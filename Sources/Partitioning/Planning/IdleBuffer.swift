// SPDX-License-Identifier: Apache-2.0
// Part of partition-cli. See LICENSE and CONTRIBUTING.md.

extension GrowthPolicy {
    /// The longest buffer, in whole minutes, with which nothing would have to be created now; nil where even a minute needs
    /// a partition.
    ///
    /// - Parameter limit: no longer than this; a minute or more.
    package func idleBuffer(of table: PartitionedTable, now: Instant, limit: Buffer) -> Buffer? {
        // A longer buffer never needs less: the limit between the two is found by halving.
        var (idle, busy) = (0, limit.minutes + 1)
        while busy - idle > 1 {
            let minutes = (idle + busy) / 2
            if isIdle(table, now: now, Buffer(minutes: minutes)) { idle = minutes } else { busy = minutes }
        }
        return idle > 0 ? Buffer(minutes: idle) : nil
    }

    private func isIdle(_ table: PartitionedTable, now: Instant, _ buffer: Buffer) -> Bool {
        var policy = self
        policy.buffer = buffer
        guard let codec = table.key.first.flatMap({ CoordinateCodec($0.type) }),
            let required = policy.requiredRange(now: now)
        else { return false }
        let geometry = TableGeometry(table: table, policy: policy, codec: codec, now: now, required: required)
        return geometry.pieces(limit: 1).pieces.isEmpty
    }
}
