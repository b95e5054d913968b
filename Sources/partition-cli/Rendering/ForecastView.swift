// SPDX-License-Identifier: Apache-2.0
// Part of partition-cli. See LICENSE and CONTRIBUTING.md.

import Provisioning

/// What the partitions to come will hold in one tablespace.
struct ForecastView: Encodable {
    struct Table: Encodable {
        var table: NameView
        var bytes: Int64
        var sampledPartitions: Int
    }

    @Nullable var tablespace: String?
    var bytes: Int64
    var bytesBeside: Int64
    @Nullable var bytesLeft: Int64?
    @Nullable var fits: Bool?
    var tables: [Table]

    init(_ space: SpaceForecast) {
        tables = space.tables.map { Table(table: NameView($0.table), bytes: $0.bytes, sampledPartitions: $0.sampled) }
        bytes = space.bytes
        bytesBeside = space.bytesBeside
        tablespace = space.tablespace
        bytesLeft = space.bytesLeft
        fits = space.fits
    }
}

extension SpaceForecast {
    /// For people.
    var words: String {
        let place = tablespace.map { "the tablespace \($0)" } ?? "the database's tablespace"
        let left = bytesLeft.map { "; \(Self.size($0)) are left\(fits == false ? ": that is not enough" : "")" }
        return
            "at the pace of the last full partitions, \(Self.size(bytes)) more will be in \(place) at the end of the buffer"
            + (bytesBeside > 0 ? ", and \(Self.size(bytesBeside)) in others on the same file system" : "")
            + (left ?? "; how much is left is not known")
    }

    private static func size(_ bytes: Int64) -> String {
        let units = ["bytes", "KiB", "MiB", "GiB", "TiB"]
        var (number, unit) = (Double(bytes), 0)
        while number >= 1024, unit < units.count - 1 {
            number /= 1024
            unit += 1
        }
        return unit == 0 ? "\(bytes) bytes" : "\((number * 10).rounded() / 10) \(units[unit])"
    }
}
