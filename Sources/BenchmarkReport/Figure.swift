// SPDX-License-Identifier: Apache-2.0
// Part of partition-cli. See LICENSE and CONTRIBUTING.md.

/// Numbers as people read them.
package enum Figure {
    /// With so many digits after the point, and commas between thousands.
    package static func decimal(_ value: Double, digits: Int) -> String {
        var scale = 1.0
        for _ in 0..<digits { scale *= 10 }
        let rounded = (abs(value) * scale).rounded()
        // Beyond what an integer holds nothing is measured here.
        guard rounded < 1e15 else { return "\(value)" }
        let units = Int(rounded)
        let sign = value < 0 && units > 0 ? "-" : ""
        let whole = grouped(units / Int(scale))
        guard digits > 0 else { return sign + whole }
        let fraction = String(units % Int(scale))
        return sign + whole + "." + String(repeating: "0", count: digits - fraction.count) + fraction
    }

    /// Milliseconds: two digits after the point below 10, one below 100, none above.
    package static func milliseconds(_ value: Double) -> String {
        decimal(value, digits: abs(value) < 9.995 ? 2 : abs(value) < 99.95 ? 1 : 0)
    }

    private static func grouped(_ value: Int) -> String {
        var digits = String(value)
        var groups: [String] = []
        while digits.count > 3 {
            groups.insert(String(digits.suffix(3)), at: 0)
            digits.removeLast(3)
        }
        return ([digits] + groups).joined(separator: ",")
    }
}
