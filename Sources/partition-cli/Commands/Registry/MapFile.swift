// SPDX-License-Identifier: Apache-2.0
// Part of partition-cli. See LICENSE and CONTRIBUTING.md.

import PartitionMap

/// A file of maps, a line each, as `registry export` prints them.
struct MapFile {
    var path: String

    /// - Throws: ``CommandFailure`` of status `usage`, naming the line that isn't a map.
    func maps() throws(CommandFailure) -> [PublishedMap] {
        let bytes = try InputFile(path: path, name: "file of maps", sizeLimit: 1 << 30).bytes()
        var maps: [PublishedMap] = []
        let lines = bytes.split(separator: UInt8(ascii: "\n"), omittingEmptySubsequences: false)
        for (index, line) in lines.enumerated() where !line.isEmpty {
            let map: PublishedMap
            do throws(PartitionMapError) {
                map = try PublishedMap(exchangeLine: Array(line))
            } catch {
                throw CommandFailure(
                    .usage,
                    "line \(index + 1) of \(path) isn't a map: \(error.message)",
                    remedy: "give a file that registry export wrote, without --output=json; nothing was published"
                )
            }
            guard !maps.contains(where: { $0.document.table == map.document.table }) else {
                throw CommandFailure(
                    .usage,
                    "\(path) has the map of \(map.document.table) twice",
                    remedy: "leave one of the lines out; nothing was published"
                )
            }
            maps.append(map)
        }
        guard !maps.isEmpty else {
            throw CommandFailure(
                .usage,
                "there is no map in \(path)",
                remedy: "registry export writes them, a line each"
            )
        }
        return maps
    }
}
