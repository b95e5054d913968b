// SPDX-License-Identifier: Apache-2.0
// Part of partition-cli. See LICENSE and CONTRIBUTING.md.

package import Logging

/// Listens for changes of partition maps, again and again until the task is cancelled, with pauses that grow while it keeps breaking.
///
/// - Parameter attempt: Listens until that breaks, and says why it broke; nil where listening is over for good.
package func keepListening(_ logger: Logger, _ attempt: () async -> String?) async {
    let (first, longest) = (Duration.milliseconds(100), Duration.seconds(5))
    var pause = first
    while !Task.isCancelled {
        let beginning = ContinuousClock.now
        guard let reason = await attempt(), !Task.isCancelled else { return }
        logger.warning("not listening for changes of partition maps", metadata: ["reason": "\(reason)"])
        if ContinuousClock.now - beginning > longest { pause = first }
        // Jitter, so that a fleet doesn't come back in one moment.
        try? await Task.sleep(for: pause * Double.random(in: 0.5...1))
        pause = min(pause * 2, longest)
    }
}
