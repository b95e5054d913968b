// SPDX-License-Identifier: Apache-2.0
// Part of partition-cli. See LICENSE and CONTRIBUTING.md.

import LibPQ
import TestSupport
import Testing

@Suite("A connection string")
struct ConfigurationTests {
    private static let password = "s3cr3t-p4ss"

    @Test(
        "is shown without its password, in every way a value can be printed",
        arguments: [
            "postgresql://ann:s3cr3t-p4ss@db.example:5433/shop?sslmode=require",
            "host=db.example port=5433 user=ann password=s3cr3t-p4ss dbname=shop",
            "postgres://db.example:5433/shop?user=ann&password=s3cr3t-p4ss",
        ]
    )
    func redaction(conninfo: String) throws {
        let configuration = try ConnectionConfiguration(conninfo)
        #expect(configuration.redactedDescription == "postgresql://ann@db.example:5433/shop")
        #expect(configuration.host == "db.example")
        #expect(configuration.port == "5433")
        #expect(configuration.user == "ann")
        #expect(configuration.database == "shop")
        #expect(configuration.namesDatabase)
        var dumped = ""
        dump(configuration, to: &dumped)
        dump([configuration], to: &dumped)
        for text in [
            "\(configuration)", String(reflecting: configuration), String(describing: [configuration]), dumped,
        ] {
            #expect(!text.contains(Self.password))
        }
    }

    @Test(
        "that is empty or can't be parsed is refused without a word of it",
        arguments: [
            "", "   ", "\n\t", "s3cr3t-p4ss", "host=h password=s3cr3t-p4ss s3cr3t-p4ss", "password='s3cr3t-p4ss",
            "s3cr3t-p4ss=1", "postgresql://ann:%s3cr3t-p4ss@h/db", "postgresql://h/db?s3cr3t-p4ss",
            "postgresql://h/db?s3cr3t-p4ss=1", "postgresql://ann:s3cr3t-p4ss/x@h/db",
            "postgresql://ann:x@s3cr3t-p4ss@h/db",
            "postgresql://ann:1/s3cr3t-p4ss@h/db", "postgresql://h:s3cr3t-p4ss/db", "jdbc:postgresql://h/s3cr3t-p4ss",
            "host=x@s3cr3t-p4ss dbname=db", "host=h port=s3cr3t-p4ss", "host=h\0s3cr3t-p4ss",
        ]
    )
    func refused(conninfo: String) {
        let error = #expect(throws: PostgresError.self) { try ConnectionConfiguration(conninfo) }
        #expect(error?.kind == .protocolMisuse)
        #expect(error?.hint != nil)
        if let error {
            #expect(!"\(error) \(error.debugDescription)".contains("s3cr3t"))
        }
    }

    @Test("with special characters properly encoded is taken")
    func encoded() throws {
        let configuration = try ConnectionConfiguration("postgresql://a%40b:p%2Fw%40@h1:1,h2:2/d%40b")
        #expect(configuration.user == "a@b")
        #expect(configuration.database == "d@b")
        #expect(configuration.redactedDescription == "postgresql://a@b@h1:1,h2:2/d@b")
        let socket = try ConnectionConfiguration("host=/run/postgresql port=1 dbname='my db' user=u")
        #expect(socket.redactedDescription == "postgresql://u@/my db?host=/run/postgresql&port=1")
    }

    @Test("keeps what the user sets and bounds what the user doesn't")
    func bounds() throws {
        let plain = try #require(try ConnectionConfiguration("host=h dbname=d").attempts().first)
        #expect(plain["connect_timeout"] == "10")
        #expect(plain["keepalives"] == "1")
        #expect(plain["tcp_user_timeout"] == "30000")
        #expect(plain["application_name"] == "partition-cli")
        let set = try ConnectionConfiguration(
            "host=h dbname=d connect_timeout=3 keepalives=0 tcp_user_timeout=7 application_name=mine client_encoding=LATIN1"
        )
        #expect(set.connectTimeout == .seconds(3))
        let parameters = try #require(set.attempts().first)
        #expect(parameters["keepalives"] == "0")
        #expect(parameters["tcp_user_timeout"] == "7")
        #expect(parameters["application_name"] == "mine")
        // Rows are decoded as UTF-8.
        #expect(parameters["client_encoding"] == "UTF8")
    }

    @Test("with a host list makes one attempt a host, two rounds for prefer-standby")
    func hostList() throws {
        func places(_ conninfo: String) throws -> [String] {
            try ConnectionConfiguration(conninfo).attempts().map {
                [$0["host"], $0["hostaddr"], $0["port"], $0["target_session_attrs"]].map { $0 ?? "-" }
                    .joined(separator: " ")
            }
        }
        #expect(try places("host=a,b,c port=1,2,3") == ["a - 1 -", "b - 2 -", "c - 3 -"])
        #expect(try places("host=a,b port=7") == ["a - 7 -", "b - 7 -"])
        #expect(try places("host=a,b hostaddr=1.1.1.1,2.2.2.2 port=7") == ["a 1.1.1.1 7 -", "b 2.2.2.2 7 -"])
        #expect(
            try places("host=a,b port=7 target_session_attrs=prefer-standby")
                == ["a - 7 standby", "b - 7 standby", "a - 7 any", "b - 7 any"]
        )
    }
}
