// SPDX-License-Identifier: Apache-2.0
// Part of partition-cli. See LICENSE and CONTRIBUTING.md.

/// A share in whole percent: `80%`.
package struct Percentage: Hashable, Sendable, CustomStringConvertible {
    /// 1…100.
    package let value: Int

    /// - Returns: nil unless `value` is in 1…100.
    package init?(_ value: Int) {
        guard (1...100).contains(value) else { return nil }
        self.value = value
    }

    package var description: String { "\(value)%" }
}

extension Percentage: PolicyValue {
    init(policy scalar: YAMLScalar) throws(PolicyValueError) {
        let digits = scalar.text.hasSuffix("%") ? String(scalar.text.dropLast()) : scalar.text
        let parts = CountAndWord(digits)
        guard parts.word.isEmpty, parts.spaces == 0, let count = parts.count, let value = Percentage(count) else {
            // 0.8 is meant to be 80 %.
            let share = Double(digits).flatMap { (0.01..<1).contains($0) ? Int(($0 * 100).rounded()) : nil }
            throw PolicyValueError(
                "\(Quoted(scalar.text)) is not a percentage: write a whole number from 1 to 100 and a percent sign",
                suggestion: share.map { "\($0)%" }
            )
        }
        guard scalar.text.hasSuffix("%") else {
            throw PolicyValueError("\(Quoted(scalar.text)) has no percent sign", suggestion: value.description)
        }
        self = value
    }
}
