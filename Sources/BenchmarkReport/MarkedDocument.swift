// SPDX-License-Identifier: Apache-2.0
// Part of partition-cli. See LICENSE and CONTRIBUTING.md.

/// A document of which parts are written by a program, between two comments that name them:
///
/// ```
/// <!-- stalls: written by make bench -->
/// …
/// <!-- /stalls -->
/// ```
package struct MarkedDocument {
    package private(set) var text: String

    package init(_ text: String) {
        self.text = text
    }

    /// Puts text between the two comments of a part, instead of what was there.
    ///
    /// - Returns: false where the document has no such part.
    package mutating func replace(_ part: String, with content: String) -> Bool {
        let begin = "<!-- \(part): written by make bench -->\n"
        let end = "<!-- /\(part) -->\n"
        guard let opening = text.firstRange(of: begin),
            let closing = text[opening.upperBound...].firstRange(of: end)
        else { return false }
        text.replaceSubrange(opening.upperBound..<closing.lowerBound, with: "\n" + content + "\n")
        return true
    }
}
