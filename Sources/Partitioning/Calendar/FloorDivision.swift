// SPDX-License-Identifier: Apache-2.0
// Part of partition-cli. See LICENSE and CONTRIBUTING.md.

extension BinaryInteger {
    /// The quotient rounded toward negative infinity and the remainder in `0 ..< divisor`, as calendars need it before
    /// 1970.
    ///
    /// - Parameter divisor: Greater than zero.
    @inline(__always)
    func flooredQuotientAndRemainder(dividingBy divisor: Self) -> (quotient: Self, remainder: Self) {
        let (quotient, remainder) = quotientAndRemainder(dividingBy: divisor)
        return remainder < 0 ? (quotient - 1, remainder + divisor) : (quotient, remainder)
    }

    /// The quotient rounded toward negative infinity. `divisor` is greater than zero.
    @inline(__always)
    func floored(dividedBy divisor: Self) -> Self {
        flooredQuotientAndRemainder(dividingBy: divisor).quotient
    }
}
