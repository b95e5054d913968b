// SPDX-License-Identifier: Apache-2.0
// Part of partition-cli. See LICENSE and CONTRIBUTING.md.

import Glibc

/// How full the file system is that holds a directory of this machine.
package struct FileSystemUsage: Hashable, Sendable {
    /// Bytes in use, and bytes that an ordinary user could still write.
    package var used: UInt64
    package var available: UInt64
    /// Which of this machine's file systems it is (`st_dev`); 0 where it wasn't asked.
    package var device: UInt64

    package init(used: UInt64, available: UInt64, device: UInt64 = 0) {
        self.used = used
        self.available = available
        self.device = device
    }

    /// By `statvfs(3)`, counted as `df` does: blocks reserved for root are neither used nor available.
    ///
    /// - Returns: nil where this machine has no such directory, or it may not be looked at.
    package init?(ofDirectory path: String) {
        var status = stat()
        guard stat(path, &status) == 0, status.st_mode & S_IFMT == S_IFDIR else { return nil }
        var information = statvfs()
        guard statvfs(path, &information) == 0 else { return nil }
        self.init(
            blocks: UInt64(information.f_blocks),
            free: UInt64(information.f_bfree),
            available: UInt64(information.f_bavail),
            blockSize: UInt64(information.f_frsize)
        )
        device = UInt64(status.st_dev)
    }

    /// - Returns: nil where the figures can't be true, which a network or user-space file system may give: none in all, more free than there
    ///   are, or more bytes than fit.
    init?(blocks: UInt64, free: UInt64, available: UInt64, blockSize: UInt64) {
        guard blocks > 0, free <= blocks, available <= blocks else { return nil }
        let used = (blocks - free).multipliedReportingOverflow(by: blockSize)
        let left = available.multipliedReportingOverflow(by: blockSize)
        guard !used.overflow, !left.overflow else { return nil }
        self.init(used: used.partialValue, available: left.partialValue)
    }

    /// 0 for empty, 1 for full.
    package var ratio: Double {
        used == 0 && available == 0 ? 1 : Double(used) / (Double(used) + Double(available))
    }
}
