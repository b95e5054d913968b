// SPDX-License-Identifier: Apache-2.0
// Part of partition-cli. See LICENSE and CONTRIBUTING.md.

/// Finds what a misspelt word was meant to be.
package enum NearestWord {
    /// The word of `candidates` that `word` resembles most, or nil where it resembles none.
    ///
    /// A word resembles another if one is the beginning of the other (of two letters and more), or if no more than a
    /// third of its letters, and one in any case, are wrong, missing, too many or swapped with their neighbour.
    package static func to(_ word: String, among candidates: [String]) -> String? {
        let letters = Array(word.lowercased().unicodeScalars.prefix(maximumLength))
        guard letters.count >= 2 else { return nil }
        var best: (candidate: String, distance: Int)?
        for candidate in candidates {
            let other = Array(candidate.lowercased().unicodeScalars)
            let distance = distance(letters, other)
            let isBeginning = other.starts(with: letters) || letters.starts(with: other)
            guard isBeginning || distance <= max(1, max(letters.count, other.count) / 3) else { continue }
            if distance < best?.distance ?? .max { best = (candidate, distance) }
        }
        return best?.candidate
    }

    /// No word of the grammar is half as long.
    private static let maximumLength = 40

    /// Damerau's and Levenshtein's, in its optimal string alignment form.
    private static func distance(_ left: [Unicode.Scalar], _ right: [Unicode.Scalar]) -> Int {
        var beforePrevious: [Int] = []
        var previous = Array(0...right.count)
        for (row, letter) in left.enumerated() {
            var current = [row + 1]
            for (column, other) in right.enumerated() {
                var cost = min(previous[column + 1], current[column]) + 1
                cost = min(cost, previous[column] + (letter == other ? 0 : 1))
                if row > 0, column > 0, letter == right[column - 1], left[row - 1] == other {
                    cost = min(cost, beforePrevious[column - 1] + 1)
                }
                current.append(cost)
            }
            (beforePrevious, previous) = (previous, current)
        }
        return previous[right.count]
    }
}
