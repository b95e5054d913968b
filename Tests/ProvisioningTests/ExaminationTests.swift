// SPDX-License-Identifier: Apache-2.0
// Part of partition-cli. See LICENSE and CONTRIBUTING.md.

import LibPQ
import Partitioning
import Testing
import TestSupport

@testable import Provisioning

@Suite("Examination", .temporaryDatabase)
struct ExaminationTests {
    @Test("measures the server's clock against this machine's, which is the same one here")
    func clock() async throws {
        let session = try await DatabaseSession.open(try TemporaryDatabase.current.configuration(), logger: .test)
        let reading = try await Examination(session: session, settings: PlanSettings()).clock()
        await session.connection.close()
        #expect(reading.uncertainty > 0)
        #expect(abs(reading.skew) <= reading.uncertainty + 0.001)
        #expect(Hazard.hazard(of: reading) == nil)
    }
}
