// SPDX-License-Identifier: Apache-2.0
// Part of partition-cli. See LICENSE and CONTRIBUTING.md.

import Foundation
import LibPQ
import LocalPostgres
import Testing
import TestSupport

@Suite("Exit codes", .temporaryDatabase)
struct ExitCodeTests {
    /// Arguments after the database's, and what the sentence must say.
    @Test(
        "bad arguments exit 64 with a sentence, and change nothing",
        arguments: [
            (["--bufer-days=3"], "Unknown option '--bufer-days'"),
            (["--buffer-days=-1"], "from 1 to 3650"), (["--buffer-days", "-1"], "from 1 to 3650"),
            (["--buffer-days=0"], "from 1 to 3650"), (["--buffer-days=3651"], "from 1 to 3650"),
            (["--buffer-days=two"], "from 1 to 3650"), (["--buffer-days=99999999999999999999"], "from 1 to 3650"),
            (["--quota-threshold=0"], "from 1 to 100"), (["--quota-threshold=180%"], "from 1 to 100"),
            (["--quota-threshold=80", "--quota-capacity=5XB"], "kB, MB, GB"),
            (["--quota-threshold=80", "--quota-capacity=99999999TiB"], "kB, MB, GB"),
            (["--quota-capacity=5GB"], "needs --quota-threshold"), (["--quota-required"], "needs --quota-threshold"),
            (["--max-lag=99ms"], "from 100ms to 1h"), (["--max-lag=2h"], "from 100ms to 1h"),
            (["--max-lag=-5s"], "from 100ms to 1h"), (["--max-lag=fast"], "from 100ms to 1h"),
            (["--max-lag=99999999999999999999s"], "from 100ms to 1h"), (["--max-slot-lag=5kB"], "from 1MB to 16TiB"),
            (["--max-lag=none", "--expect-standby=a"], "switches off"), (["--expect-standby="], "--expect-standby"),
            (["--expect-standby=a", "--ignore-standby=a"], "both name a"),
            (["--window=2-5"], "two different times of day"), (["--window=02:00-02:00"], "two different times of day"),
            (["--window-timezone=UTC"], "needs --window"),
            (["--window=02:00-05:00", "--window-timezone=Mars/Base"], "knows no time zone \"Mars/Base\""),
            (["--emergency-days=60"], "not less than --buffer-days=60"), (["--emergency-days=-1"], "from 0 to 3649"),
            (["--deadline=0"], "from 1 to 86400"), (["--lock-budget=x"], "from 1 to 3600"),
            (["--timezone=Mars/Base"], "knows no time zone \"Mars/Base\""), (["--timezone="], "--timezone"),
            (["--buffer-days=", "--output=text"], "--buffer-days is empty"), (["--table="], "--table is empty"),
            (["--registry-url=postgres://u:Reg/PW@h/d"], "%2F"),
            (["--registry-url="], "--registry-url is empty"), (["--registry-url= "], "--registry-url is empty"),
            (["--registry-url=zookeeper://h"], "unknown scheme"), (["--registry-url=foo"], "unknown scheme"),
            (["--registry-url=redis://h:port"], "port"),
            (["--table=nope"], "public.nope doesn't exist"), (["--table=shown"], "public.shown is a view"),
            (["--table=plain"], "public.plain is an ordinary table"), (["--table=a b"], "write it as SQL does"),
            (["--output=xml"], "xml"), (["stray"], "Unexpected argument 'stray'"),
            (["dbname=x"], "\"dbname=…\" arrived as a word of its own"),
        ]
    )
    func usage(arguments: [String], sentence: String) async throws {
        let events = try await EventsTable()
        _ = try await events.connection.query("CREATE VIEW shown AS SELECT 1 AS one")
        _ = try await events.connection.query("CREATE TABLE plain (i integer)")
        let before = try await events.fingerprint
        let result = try await Tool.run(["rotate", "--db-url=\(events.url)"] + arguments)
        #expect(result.status == 64, "\(result.everything)")
        #expect(result.error.contains(sentence), "\(result.everything)")
        #expect(result.output.isEmpty)
        #expect(try await events.fingerprint == before)
    }

    @Test("a partition named as a table names its parent")
    func partitionNamed() async throws {
        let events = try await EventsTable()
        let name = try #require(await events.partitions.first)
        let result = try await Tool.run(["rotate", "--db-url=\(events.url)", "--table=\(name)"])
        #expect(result.status == 64)
        #expect(result.error.contains("is a partition") && result.error.contains("events"))
    }

    @Test(
        "a database that isn't given rightly exits 64",
        arguments: [
            ("--db-url=", "--db-url is empty"), ("--db-url=  ", "--db-url is empty"),
            ("--db-url=jdbc:postgresql://h/d", "JDBC"), ("--db-url=postgresql+psycopg://h/d", "+psycopg"),
            ("--db-url=mysql://h/d", "mysql://"), ("--db-url=nonsense", "isn't one that libpq understands"),
            ("--quiet", "no database is given"),
        ]
    )
    func databaseURL(argument: String, sentence: String) async throws {
        let result = try await Tool.run(["rotate", argument])
        #expect(result.status == 64, "\(result.everything)")
        #expect(
            result.error.replacingOccurrences(of: "is not one", with: "isn't one").contains(sentence),
            "\(result.everything)"
        )
    }

    @Test(
        "a --max-lag that takes the whole run to be known exits 64; the usual one doesn't, however short the run",
        arguments: [
            ("--max-lag=5m", "--deadline=300", true), ("--max-lag=4m", "--deadline=300", false),
            ("--quiet", "--deadline=1", false),
        ]
    )
    func lagBeyondDeadline(lag: String, deadline: String, isRefused: Bool) async throws {
        let result = try await Tool.run([
            "rotate", "--db-url=postgresql://u@127.0.0.1:1/d", "--registry-url=none", lag, deadline,
        ])
        #expect(result.status == (isRefused ? 64 : 69), "\(result.everything)")
        #expect(
            result.error.contains("--max-lag is not shorter than --deadline=300") == isRefused,
            "\(result.everything)"
        )
    }

    @Test("an empty DB_URL is an error, never libpq's default database")
    func emptyVariable() async throws {
        let result = try await Tool.run(["plan"], environment: ["DB_URL": "", "PGHOST": "/nowhere"])
        #expect(result.status == 64)
        #expect(result.error.contains("DB_URL is empty"))
    }

    @Test("libpq's own variables are enough")
    func libpqVariables() async throws {
        let events = try await EventsTable()
        let result = try await Tool.run(
            ["status"],
            environment: [
                "PGHOST": events.database.cluster.socketDirectory, "PGPORT": "\(events.database.cluster.port)",
                "PGDATABASE": events.database.name, "PGUSER": "postgres",
            ]
        )
        #expect(result.status == 0, "\(result.everything)")
        #expect(result.output.contains("public.events"))
    }

    @Test("a server that isn't there exits 69, a database that isn't there too")
    func unreachable() async throws {
        let events = try await EventsTable()
        for (url, sentence) in [
            ("postgresql://u@127.0.0.1:1/d", "Connection refused"),
            ("postgresql://u@no.such.host.invalid/d", "host name"),
            (
                events.url.replacingOccurrences(of: events.database.name, with: "nosuchdb"),
                "\"nosuchdb\" does not exist"
            ),
        ] {
            let result = try await Tool.run(["rotate", "--db-url=\(url)", "--registry-url=none", "--output=json"])
            #expect(result.status == 69, "\(result.everything)")
            #expect(result.error.contains(sentence), "\(result.everything)")
            #expect(result.error.contains("to do:"))
            let error = try #require(result.json["error"] as? [String: Any])
            #expect((error["message"] as? String)?.contains(sentence) == true)
        }
    }

    @Test("a server that refuses the session is said to have done so; a value that isn't one exits 64")
    func refusedSession() async throws {
        let events = try await EventsTable()
        for (variables, sentence) in [
            (["PGTZ": "Foo"], "PGTZ"), (["PGOPTIONS": "-c nonsense"], "PGOPTIONS"),
        ] {
            let result = try await Tool.run(["status", "--db-url=\(events.url)"], environment: variables)
            #expect(result.status == 69, "\(result.everything)")
            #expect(result.error.contains(sentence) && !result.error.contains("host and port"), "\(result.everything)")
        }
        _ = try await events.connection.query(
            "ALTER DATABASE \(identifier: events.database.name) SET session_preload_libraries = 'no_such_library'"
        )
        let refused = try await Tool.run(["status", "--db-url=\(events.url)"])
        #expect(refused.status == 69, "\(refused.everything)")
        #expect(refused.error.contains("no_such_library") && refused.error.contains("the server refused the session"))
        for value in ["sslmode=bogus", "port=99999"] {
            let result = try await Tool.run(["status", "--db-url=host=127.0.0.1 dbname=d \(value)"])
            #expect(result.status == 64, "\(result.everything)")
        }
        let variable = try await Tool.run(["status", "--db-url=host=h"], environment: ["PGSSLMODE": "bogus"])
        #expect(variable.status == 64 && variable.error.contains("PGSSLMODE"), "\(variable.everything)")
    }

    @Test("a result that could not be written is no success, and goes nowhere else")
    func lostOutput() async throws {
        let events = try await EventsTable()
        let variables = ["TOOL": try Tool.path, "DB_URL": events.url]
        for (redirection, sentence) in [("> /dev/full", "No space left"), (">&-", "Bad file descriptor")] {
            let result = try await Tool.shell("exec \"$TOOL\" status \(redirection)", environment: variables)
            #expect(result.status == 1, "\(result.everything)")
            #expect(
                result.error.contains("could not be written to standard output: \(sentence)"),
                "\(result.everything)"
            )
        }
        let head = try await Tool.shell("{ \"$TOOL\" status; echo $? >&2; } | true", environment: variables)
        #expect(head.error == "0\n", "\(head.everything)")
    }

    @Test("a wrong password exits 77, and so does none")
    func password() async throws {
        let cluster = try await TestServer.makeCluster(listenTCP: true)
        for user in ["postgres:wr0ng@", "postgres@"] {
            let result = try await Tool.run(
                ["rotate", "--registry-url=none", "--db-url=postgresql://\(user)127.0.0.1:\(cluster.port)/postgres"]
            )
            #expect(result.status == 77, "\(result.everything)")
            #expect(result.error.contains("password") && result.error.contains("to do:"))
            #expect(!result.everything.contains("wr0ng"))
        }
        await cluster.remove()
    }

    @Test("a quota that is used up exits 73 and creates nothing")
    func quota() async throws {
        let events = try await EventsTable()
        let result = try await Tool.run(
            [
                "rotate", "--db-url=\(events.url)", "--registry-url=none", "--quota-threshold=80%",
                "--quota-capacity=1kB",
            ]
        )
        #expect(result.status == 73, "\(result.everything)")
        #expect(result.output.contains("PARTITION_QUOTA_EXCEEDED"))
        #expect(try await events.partitions.count == 1)
    }

    @Test("a registry that can't be reached exits 74, with the database done")
    func unpublished() async throws {
        let events = try await EventsTable()
        let result = try await Tool.run(["rotate", "--db-url=\(events.url)", "--registry-url=redis://127.0.0.1:1"])
        #expect(result.status == 74, "\(result.everything)")
        #expect(result.output.contains("to do: check host and port of the registry's URL"), "\(result.everything)")
        #expect(try await events.partitions.count > 1)
    }

    @Test("a lock that isn't to be had exits 75 and names who has it")
    func deferred() async throws {
        let events = try await EventsTable()
        let holder = try await events.database.connect(applicationName: "the holder")
        _ = try await holder.query("BEGIN")
        _ = try await holder.query("LOCK TABLE events IN SHARE UPDATE EXCLUSIVE MODE")
        let result = try await Tool.run(
            ["rotate", "--db-url=\(events.url)", "--registry-url=none", "--lock-budget=1", "--output=json"]
        )
        #expect(result.status == 75, "\(result.everything)")
        #expect(result.output.contains("the holder"))
        #expect(try await events.partitions.count == 1)
    }

    @Test("a table that was named and can't be looked after exits 1, one that wasn't named doesn't matter")
    func leftAlone() async throws {
        let events = try await EventsTable()
        _ = try await events.connection.query("CREATE TABLE regions (name text) PARTITION BY LIST (name)")
        let named = try await Tool.run(
            ["rotate", "--db-url=\(events.url)", "--registry-url=none", "--table=regions"]
        )
        #expect(named.status == 1, "\(named.everything)")
        #expect(named.output.contains("partitioned by list"))
        let all = try await Tool.run(["rotate", "--db-url=\(events.url)", "--registry-url=none"])
        #expect(all.status == 0, "\(all.everything)")
    }

    @Test("a bound that can't be read exits 1, is told, and the table is left as it is")
    func unreadableBound() async throws {
        let events = try await EventsTable()
        _ = try await events.connection.query(
            "CREATE TABLE far PARTITION OF events FOR VALUES FROM ('294260-01-01') TO ('294270-01-01')"
        )
        let before = try await events.fingerprint
        for command in ["rotate", "plan", "verify"] {
            let result = try await Tool.run([command, "--db-url=\(events.url)", "--registry-url=none"])
            #expect(result.status == 1, "\(result.everything)")
            #expect(result.output.contains("far"), "\(result.everything)")
            #expect(try await events.fingerprint == before)
        }
    }
}
