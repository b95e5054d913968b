// SPDX-License-Identifier: Apache-2.0
// Part of partition-cli. See LICENSE and CONTRIBUTING.md.

#if DEBUG
    import Foundation
#endif

/// A named place at which a debug build can be made to stand still, so that a test can kill it exactly there.
///
/// `PARTITION_CLI_PAUSE_AT=name` makes the process write `paused at name` to standard error and wait to be killed.
/// Release builds contain none of this.
package enum PausePoint: String, CaseIterable, Sendable {
    case observed = "observed"
    case checkAdded = "check-added"
    case checkValidated = "check-validated"
    case tableBuilt = "table-built"
    case attached = "attached"
    case checkDropped = "check-dropped"
    case indexBuilt = "index-built"
    case indexAttached = "index-attached"
    case verified = "verified"
    case published = "published"

    #if DEBUG
        /// What a test does when a run in its own process gets to a point.
        @TaskLocal package static var visit: (@Sendable (PausePoint) async -> Void)?
    #endif

    @inline(__always)
    package func reach() async {
        #if DEBUG
            await Self.visit?(self)
            guard ProcessInfo.processInfo.environment["PARTITION_CLI_PAUSE_AT"] == rawValue else { return }
            FileHandle.standardError.write(Data("paused at \(rawValue)\n".utf8))
            try? await Task.sleep(for: .seconds(86_400))
        #endif
    }
}
