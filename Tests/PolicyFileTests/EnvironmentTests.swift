// SPDX-License-Identifier: Apache-2.0
// Part of partition-cli. See LICENSE and CONTRIBUTING.md.

import PolicyFile
import Testing

@Suite("Environment variables in connections")
struct EnvironmentTests {
    @Test("a variable stands for its value, two dollars for one, and a value is not looked at again")
    func expansion() throws {
        let text = try EnvironmentText(parsing: "a$$b${X}c${Y}$$${X}")
        #expect(try text.expanded(with: ["X": "${Y}$", "Y": ""]) == "a$b${Y}$c$${Y}$")
        #expect(text.variables == ["X", "Y"])
        #expect(text.template == "a$$b${X}c${Y}$$${X}")
        #expect(try EnvironmentText(parsing: text.template) == text)
    }

    @Test("an undefined variable is named, a variable that a flag makes superfluous is not missed")
    func undefined() throws {
        let text = "database: ${NOBODY}\nregistry: ${NEITHER}\n" + PolicySample.events
        #expect(issues(text).map(\.message).count == 2)
        let error = #expect(throws: PolicyFileError.self) { try read(text, given: .database) }
        #expect(error?.description == "partitions.yaml:2:11: the environment variable NEITHER is not defined")
        #expect(try read(text, given: [.database, .registry]).document.database?.variables == ["NOBODY"])
    }

    @Test("what a variable holds, and a password in the file, are never printed")
    func secrets() throws {
        let text = try EnvironmentText(parsing: "postgresql://app:hunter2@${HOST}/app")
        var dumped = ""
        dump(text, to: &dumped)
        for shown in [
            "\(text)", String(reflecting: text), dumped,
            "\(try read("database: ${PW}hunter2\n" + PolicySample.events))",
        ] {
            #expect(!shown.contains("hunter2"))
            #expect(!shown.contains(secret))
        }
        #expect("\(text)" == "…${HOST}…")
    }

    @Test(
        "a password in the wrong place isn't repeated",
        arguments: [
            "database:\n  postgresql://app:hunter2@db/app: 5\n", "postgresql://app:hunter2@db/app: 5\n",
            "database: [postgresql://app:hunter2@db/app]\n", "database: postgresql://app:hunter2$@db/app\n",
            "defaults: { buffer: postgresql://app:hunter2@db/app }\n", "database: \"postgresql://app:hunter2@db/app\n",
        ]
    )
    func misplaced(_ text: String) {
        let found = issues(text + PolicySample.events)
        #expect(!found.isEmpty)
        for issue in found { #expect(!issue.description.contains("hunter2"), "\(issue)") }
    }

    @Test("variables are replaced in connections only")
    func elsewhere() throws {
        let table = try #require(
            try read(PolicySample.by("range: ${PW}, every: day".replacing("${PW}", with: "\"${PW}\""))).document.tables
                .first
        )
        #expect(table.levels.first?.column.text == "${PW}")
    }
}
