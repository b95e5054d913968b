// SPDX-License-Identifier: Apache-2.0
// Part of partition-cli. See LICENSE and CONTRIBUTING.md.

@testable import PolicyFile
import Testing

@Suite("Scalars of YAML 1.2")
struct YAMLScalarTests {
    private static let integers: [(text: String, kind: YAMLScalar.Kind)] = [
        ("0", .integer(0)), ("-12", .integer(-12)), ("+7", .integer(7)), ("007", .integer(7)), ("0x1F", .integer(31)),
        ("0xff", .integer(255)), ("0o17", .integer(15)), ("99999999999999999999", .integer(nil)),
        ("0xFFFFFFFFFFFFFFFFF", .integer(nil)),
    ]

    private static let others: [(kind: YAMLScalar.Kind, texts: [String])] = [
        (.null, ["", "~", "null", "Null", "NULL"]),
        (.boolean(true), ["true", "True", "TRUE"]),
        (.boolean(false), ["false", "False", "FALSE"]),
        (.float, ["1.5", "-1.", ".5", "1e5", "1E-5", "+1.5e+3", ".inf", "-.INF", "+.Inf", ".nan", ".NaN", ".NAN"]),
        (
            .string,
            ["yes", "no", "on", "off", "y", "nULL", "tRUE", "-", "+", ".", "-.", "e5", "1e", "1e+", "1_000", "0b1"]
        ),
        (.string, ["0x", "0xG", "0o8", "-0x1", "1:30", "2026-01-01", "1.2.3", "nan", "-.nan", "Infinity"]),
    ]

    private static let samples = integers + others.flatMap { other in other.texts.map { ($0, other.kind) } }

    @Test("are what the core schema says", arguments: samples)
    func kinds(text: String, kind: YAMLScalar.Kind) {
        #expect(YAMLScalar(text: text, isPlain: true).kind == kind)
        #expect(YAMLScalar(text: text, isPlain: false).kind == .string)
    }
}
