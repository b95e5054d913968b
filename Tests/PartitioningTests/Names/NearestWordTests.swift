// SPDX-License-Identifier: Apache-2.0
// Part of partition-cli. See LICENSE and CONTRIBUTING.md.

import Partitioning
import Testing

@Suite("The nearest word")
struct NearestWordTests {
    @Test(
        "is found through letters that are wrong, missing, too many or swapped",
        arguments: [
            ("bufer", "buffer"), ("buffre", "buffer"), ("bufffer", "buffer"), ("vuffer", "buffer"),
            ("BUFFER", "buffer"),
            ("windw", "window"), ("time_zone", "timezone"), ("emergancy", "emergency"), ("quot", "quota"),
            ("quotas", "quota"),
        ]
    )
    func near(word: String, expected: String) {
        #expect(NearestWord.to(word, among: ["buffer", "window", "emergency", "timezone", "quota"]) == expected)
    }

    @Test("is none for a word that resembles nothing", arguments: ["", "b", "colour", "zzzzzz", "xyz"])
    func far(word: String) {
        #expect(NearestWord.to(word, among: ["buffer", "window", "emergency", "timezone", "quota"]) == nil)
    }

    @Test("is the nearest of several")
    func nearest() {
        #expect(NearestWord.to("hourz", among: ["hour", "hours"]) == "hour")
        #expect(NearestWord.to("archiv", among: ["achieve", "archive"]) == "archive")
    }

    @Test("is looked for in a long word too, without much work")
    func long() {
        #expect(NearestWord.to(String(repeating: "x", count: 1_000_000), among: ["buffer"]) == nil)
    }
}
