// SPDX-License-Identifier: Apache-2.0
// Part of partition-cli. See LICENSE and CONTRIBUTING.md.

import Foundation
package import Partitioning

/// The ownership marker as it stands in a partition's comment: one line of JSON after whatever others wrote there.
///
/// ```
/// Events of one month
/// {"partition-cli":{"createdAt":"2026-11-22T02:00:00Z","parent":"public.events","version":1}}
/// ```
package struct MarkerComment: Hashable, Sendable {
    /// The comment without the marker; nil where nothing else stands there.
    package var text: String?
    /// nil where there is no marker, or one of a later version than this program understands.
    package var marker: PartitionMarker?

    package init(text: String?, marker: PartitionMarker?) {
        self.text = text
        self.marker = marker
    }

    private struct Envelope: Codable {
        var marker: PartitionMarker

        enum CodingKeys: String, CodingKey { case marker = "partition-cli" }
    }

    /// Anybody with the owner's rights can write a comment: what isn't exactly our line is text of others.
    package init(parsing comment: String?) {
        var lines: [String] = []
        var marker: PartitionMarker?
        for line in (comment ?? "").split(separator: "\n", omittingEmptySubsequences: false) {
            if line.hasPrefix("{\"partition-cli\":"), line.utf8.count < 4096,
                let envelope = try? JSONDecoder().decode(Envelope.self, from: Data(line.utf8)),
                envelope.marker.version <= PartitionMarker.currentVersion
            {
                marker = envelope.marker
            } else {
                lines.append(String(line))
            }
        }
        let text = lines.joined(separator: "\n")
        self.init(text: text.isEmpty ? nil : text, marker: marker)
    }

    /// The comment to write.
    package var comment: String? {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        guard let marker, let json = try? encoder.encode(Envelope(marker: marker)) else { return text }
        let line = String(decoding: json, as: UTF8.self)
        return text.map { "\($0)\n\(line)" } ?? line
    }
}
