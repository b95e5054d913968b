// SPDX-License-Identifier: Apache-2.0
// Part of partition-cli. See LICENSE and CONTRIBUTING.md.

import Foundation
import Logging
import Testing

@testable import partition_cli

@Suite("The line of progress")
struct ProgressLineTests {
    private static let erase = "\r\u{1B}[K"

    @Test("makes room for a line of the log, and stands below it again")
    func besideLog() throws {
        let written = try Self.written { progress in
            progress.say("reading the catalog")
            var logger = Logger(label: "test") { _ in
                StandardErrorLog(format: .text, logLevel: .info, beside: progress)
            }
            logger[metadataKey: "table"] = "public.events"
            logger.warning("the connection was lost and made anew")
            progress.clear()
            logger.notice("nothing stands there any more")
        }
        #expect(
            written
                == Self.erase + "reading the catalog" + Self.erase
                + "warning: the connection was lost and made anew table=public.events\n" + Self.erase
                + "reading the catalog" + Self.erase + "notice: nothing stands there any more table=public.events\n"
        )
    }

    /// What is written to the stream while the body runs.
    private static func written(_ body: (ProgressLine) -> Void) throws -> String {
        let pipe = Pipe()
        body(ProgressLine(Standard(descriptor: pipe.fileHandleForWriting.fileDescriptor), environment: [:]))
        try pipe.fileHandleForWriting.close()
        return String(decoding: try pipe.fileHandleForReading.readToEnd() ?? Data(), as: UTF8.self)
    }
}
