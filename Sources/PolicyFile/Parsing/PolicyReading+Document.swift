// SPDX-License-Identifier: Apache-2.0
// Part of partition-cli. See LICENSE and CONTRIBUTING.md.

import Partitioning

extension PolicyReading {
    /// - Parameter root: nil for a file without a document, or one that isn't YAML, which has been reported.
    mutating func document(_ root: YAMLNode?) -> PolicyDocument? {
        let start = SourcePosition(line: 1, column: 1)
        guard let root, root.content != .scalar(YAMLScalar(text: "", isPlain: true)) else {
            if problems.isEmpty { report(start, "the file is empty: it needs \"tables\"") }
            return nil
        }
        guard let section = section(root, .document, called: "the file", path: [], position: start) else { return nil }
        let database = connection("database", of: section, isGiven: given.contains(.database))
        let registry = connection("registry", of: section, isGiven: given.contains(.registry))
        let defaults = section.entries["defaults"].flatMap { entry in
            self.section(
                entry.value,
                .defaults,
                called: "defaults",
                path: ["defaults"],
                position: entry.position
            )
        }
        let settings = defaults.map { self.settings($0) } ?? PolicySettings()
        if let defaults { checkEmergency(settings, inherited: PolicySettings(), in: defaults) }
        guard let entry = section.entries["tables"] else {
            report(start, "the file has no \"tables\": with a policy file, only tables that it lists are looked after")
            return nil
        }
        let tables = tables(entry.value, defaults: settings)
        return PolicyDocument(database: database, registry: registry, defaults: settings, tables: tables)
    }

    private mutating func connection(_ key: String, of section: PolicySection, isGiven: Bool) -> EnvironmentText? {
        guard let text: EnvironmentText = value(key, of: section), let entry = section.entries[key] else { return nil }
        guard !isGiven else { return text }
        do {
            _ = try text.expanded(with: environment)
        } catch {
            report(entry.value.position, error)
        }
        return text
    }

    /// The keys that defaults and tables have in common.
    mutating func settings(_ section: PolicySection) -> PolicySettings {
        var settings = PolicySettings(
            buffer: value("buffer", of: section),
            window: value("window", of: section),
            emergency: value("emergency", of: section),
            timeZone: value("timezone", of: section)
        )
        if let entry = section.entries["quota"],
            let quota = self.section(
                entry.value,
                .quota,
                called: "quota",
                path: section.path / "quota",
                position: entry.position
            )
        {
            settings.quotaThreshold = value("threshold", of: quota)
            settings.quotaCapacity = value("capacity", of: quota)
        }
        checkBuffer(settings, in: section)
        return settings
    }

    /// As for `--buffer-days`: beyond that a plan is of nothing but partitions, and takes minutes to be made.
    private static let longestBuffer = PolicyDuration(10, .year)

    private mutating func checkBuffer(_ settings: PolicySettings, in section: PolicySection) {
        guard let buffer = settings.buffer, let longest = Self.longestBuffer,
            buffer.buffer.minutes > longest.buffer.minutes
        else { return }
        report(
            section.position(of: "buffer"),
            "the buffer of \(buffer) is longer than \(longest), the longest there may be"
        )
    }

    /// An emergency that begins before the buffer is used up would never end.
    mutating func checkEmergency(_ settings: PolicySettings, inherited: PolicySettings, in section: PolicySection) {
        guard settings.emergency != nil || settings.buffer != nil,
            let emergency = settings.emergency ?? inherited.emergency, let buffer = settings.buffer ?? inherited.buffer,
            emergency.approximateSeconds >= buffer.approximateSeconds
        else { return }
        let inheritance = settings.emergency == nil || settings.buffer == nil ? " (one of them from the defaults)" : ""
        report(
            section.position(of: settings.emergency != nil ? "emergency" : "buffer"),
            "the emergency of \(emergency) is not shorter than the buffer of \(buffer)\(inheritance): it would never end"
        )
    }
}
