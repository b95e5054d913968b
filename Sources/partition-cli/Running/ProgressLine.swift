// SPDX-License-Identifier: Apache-2.0
// Part of partition-cli. See LICENSE and CONTRIBUTING.md.

/// One line on a terminal's standard error that says what is going on, and is written over again and again.
struct ProgressLine: Sendable {
    private static let width = 100

    func say(_ text: String) {
        Standard.error.write("\r\u{1B}[K" + String(Page.plain(text).prefix(Self.width)))
    }

    func clear() {
        Standard.error.write("\r\u{1B}[K")
    }
}
