// SPDX-License-Identifier: Apache-2.0
// Part of partition-cli. See LICENSE and CONTRIBUTING.md.

/// How many columns of a terminal texts take: two for East Asian wide characters and emoji, none for what combines with the
/// character before it.
enum DisplayWidth {
    static func of(_ text: some StringProtocol) -> Int {
        // Names and sentences are nearly always ASCII, where every byte is a column.
        if text.utf8.allSatisfy({ $0 >= 0x20 && $0 < 0x7F }) { return text.utf8.count }
        return text.reduce(0) { $0 + of($1) }
    }

    /// Of one character as people see it, which may consist of several code points.
    static func of(_ character: Character) -> Int {
        var width = 0
        var isJoined = false
        for scalar in character.unicodeScalars {
            switch scalar.value {
            case zeroWidthJoiner: isJoined = true
            case emojiPresentation: width = max(width, 2)
            default:
                // What a joiner ties to an emoji, and a colour of skin, is drawn into it.
                let isPart = isJoined || (width > 0 && scalar.properties.isEmojiModifier)
                if !isPart { width += of(scalar) }
                isJoined = false
            }
        }
        return width
    }

    /// As much of the text as fits, with an ellipsis where something is left out.
    static func truncated(_ text: String, to columns: Int, ellipsis: String = "…") -> String {
        guard of(text) > columns else { return text }
        let room = columns - of(ellipsis)
        guard room >= 0 else { return "" }
        var (result, width) = ("", 0)
        for character in text {
            width += of(character)
            if width > room { break }
            result.append(character)
        }
        return result + ellipsis
    }

    private static let zeroWidthJoiner: UInt32 = 0x200D
    private static let emojiPresentation: UInt32 = 0xFE0F

    private static func of(_ scalar: Unicode.Scalar) -> Int {
        switch scalar.properties.generalCategory {
        // A soft hyphen is shown by terminals, though not by word processors.
        case .format: scalar.value == 0xAD ? 1 : 0
        case .nonspacingMark, .enclosingMark, .control, .lineSeparator, .paragraphSeparator: 0
        default:
            // The vowels and final consonants of a Hangul syllable written in parts are drawn into its first.
            (0x1160...0x11FF).contains(scalar.value) ? 0 : EastAsianWide.contains(scalar) ? 2 : 1
        }
    }
}
