// SPDX-License-Identifier: Apache-2.0
// Part of partition-cli. See LICENSE and CONTRIBUTING.md.

package import Partitioning

extension Period {
    /// Reads `month`, `6 hours`, `2 weeks`: fewer forms than ``init(parsing:)``, which also reads what PostgreSQL prints.
    /// The day that weeks begin on is a key of its own.
    package init(policyText text: String) throws(PolicyValueError) {
        let parts = CountAndWord(text)
        let count = parts.number.isEmpty ? 1 : parts.count
        guard let count else {
            throw PolicyValueError("\(Quoted(text)) is not a period: its number must be whole, from 1 to 999999")
        }
        let word = parts.word
        guard let unit = Self.unit(word), parts.spaces == (parts.number.isEmpty ? 0 : 1),
            let period = Period(count: count, unit: unit)
        else {
            let names = Unit.allCases.map(\.rawValue)
            let meant =
                Self.abbreviations[word.lowercased()] ?? NearestWord.to(word, among: names + names.map { $0 + "s" })
            let suggestion = meant.flatMap(Self.unit).flatMap { Period(count: count, unit: $0)?.description }
            throw PolicyValueError(
                "\(Quoted(text)) is not a period: the units are \(names.joined(separator: ", ")), with a number before them if "
                    + "it is more than one",
                suggestion: suggestion
            )
        }
        self = period
    }

    /// One letter is too little for a resemblance; `m` could be two things.
    private static let abbreviations = [
        "min": "minute", "h": "hour", "d": "day", "daily": "day", "w": "week", "mon": "month", "q": "quarter",
        "y": "year",
        "annually": "year",
    ]

    private static func unit(_ word: String) -> Unit? {
        Unit.allCases.first { $0.rawValue == word || $0.rawValue + "s" == word }
    }
}

extension Period: PolicyValue {
    init(policy scalar: YAMLScalar) throws(PolicyValueError) {
        try self.init(policyText: scalar.text)
    }
}

/// The day a week begins on.
enum Weekday: String, CaseIterable, PolicyKeyword {
    case monday, tuesday, wednesday, thursday, friday, saturday, sunday

    /// 1 for Monday to 7 for Sunday.
    init?(number: Int) {
        guard Self.allCases.indices.contains(number - 1) else { return nil }
        self = Self.allCases[number - 1]
    }

    var number: Int { (Self.allCases.firstIndex(of: self) ?? 0) + 1 }
}
