// SPDX-License-Identifier: Apache-2.0
// Part of partition-cli. See LICENSE and CONTRIBUTING.md.

/// Numbers with units as people read them: two digits, no more precise than they are.
enum Quantity {
    /// Such as `512 B`, `8.2 MB`, `1.3 TB`, in powers of 1000 as everywhere in this program.
    static func bytes(_ count: Int64) -> String {
        var (value, unit) = (Double(count), 0)
        while value >= 999.5, unit < units.count - 1 {
            value /= 1000
            unit += 1
        }
        return "\(unit == 0 ? String(count) : short(value)) \(units[unit])"
    }

    /// Such as `0.4 s`, `12 s`, `3 min 20 s`, `2 h 5 min`, `3 d 4 h`.
    static func seconds(_ seconds: Double) -> String {
        if seconds < 59.5 { return "\(short(max(0, seconds))) s" }
        let whole = Int64(min(seconds, 1e12).rounded())
        let parts: [(Int64, String)] =
            whole < 3600
            ? [(whole / 60, "min"), (whole % 60, "s")]
            : whole < 86_400
                ? [(whole / 3600, "h"), (whole % 3600 / 60, "min")]
                : [(whole / 86_400, "d"), (whole % 86_400 / 3600, "h")]
        return parts.filter { $0.0 > 0 }.map { "\($0.0) \($0.1)" }.joined(separator: " ")
    }

    /// One decimal below ten, none above.
    static func short(_ value: Double) -> String {
        let tenths = Int64((value * 10).rounded())
        if tenths >= 100 || tenths % 10 == 0 { return String(Int64(value.rounded())) }
        return "\(tenths / 10).\(tenths % 10)"
    }

    private static let units = ["B", "kB", "MB", "GB", "TB", "PB"]
}
