// SPDX-License-Identifier: Apache-2.0
// Part of partition-cli. See LICENSE and CONTRIBUTING.md.

import Partitioning

extension PolicyLines {
    /// The keys that defaults and tables have in common.
    mutating func settings(_ settings: PolicySettings, at path: PolicyPath) {
        if let buffer = settings.buffer {
            value("buffer", buffer.description, at: path, "How far ahead of now partitions must exist.")
        }
        if let window = settings.window {
            value(
                "window",
                YAMLText.quoted(window.description),
                at: path,
                "Changes are made at this time of day only, in the time zone of the table."
            )
        }
        if let emergency = settings.emergency {
            value(
                "emergency",
                emergency.description,
                at: path,
                "With less than this ahead, changes are made at any time of day."
            )
        }
        if let zone = settings.timeZone {
            value("timezone", YAMLText.scalar(zone.text), at: path, "The time zone whose midnights are bounds.")
        }
        guard settings.quotaThreshold != nil || settings.quotaCapacity != nil else { return }
        open("quota", at: path, nil)
        if let threshold = settings.quotaThreshold {
            value(
                "threshold",
                threshold.description,
                at: path / "quota",
                "With more of the space used than this, no partitions are made."
            )
        }
        if let capacity = settings.quotaCapacity {
            value(
                "capacity",
                capacity.description,
                at: path / "quota",
                "The space there is, where it can't be measured."
            )
        }
        close()
    }
}
