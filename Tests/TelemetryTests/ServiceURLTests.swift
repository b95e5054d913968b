// SPDX-License-Identifier: Apache-2.0
// Part of partition-cli. See LICENSE and CONTRIBUTING.md.

import Telemetry
import Testing

@Suite("ServiceURL")
struct ServiceURLTests {
    @Test("whatever prints it shows scheme, host and port alone")
    func redacted() throws {
        let url = try ServiceURL(parsing: "https://us%40er:pa%2Fss@push.example:9091/base/t0ken/?key=hidden")
        var dumped = ""
        dump(url, to: &dumped)
        for text in ["\(url)", String(reflecting: url), String(describing: url), dumped] {
            #expect(text.contains("https://push.example:9091"))
            for secret in ["us%40er", "us@er", "pa%2Fss", "pa/ss", "t0ken", "hidden", "Basic"] {
                #expect(!text.contains(secret), "\(text)")
            }
        }
    }

    @Test(
        "what isn't a URL of HTTP is refused without being repeated",
        arguments: [
            "push.s3cret:9091", "ftp://s3cret/", "http://", "http://s3cret host/", "redis://s3cret", "http://a/#s3cret",
            "",
            "http:///s3cret",
        ]
    )
    func refused(_ text: String) {
        let error = #expect(throws: TelemetryError.self) { try ServiceURL(parsing: text) }
        #expect(error?.message.contains("s3cret") == false)
        #expect(error?.remedy?.contains("s3cret") != true)
    }
}
