// SPDX-License-Identifier: Apache-2.0
// Part of partition-cli. See LICENSE and CONTRIBUTING.md.

import Partitioning
import SeededRandom
import Testing

@Suite("Coordinates of bounds")
struct CoordinateCodecTests {
    @Test(
        "are what PostgreSQL computes for the same text",
        arguments: [
            // select extract(epoch from …) * 1000000
            (KeyType.date, "2026-11-01", 1_793_491_200_000_000 as Int64), (.date, "1970-01-01", 0),
            (.date, "1969-12-31", -86_400_000_000),
            (.date, "4714-11-24 BC", -210_866_803_200_000_000), (.date, "0044-03-15 BC", -63_517_824_000_000_000),
            (.date, "12026-11-01", 317_363_011_200_000_000), (.date, "infinity", .max), (.date, "-infinity", .min),
            (.timestamp, "2026-11-01 00:00:00", 1_793_491_200_000_000),
            (.timestamp, "2026-11-01 12:34:56.789", 1_793_536_496_789_000),
            (.timestamp, "1969-12-31 23:59:59.999999", -1),
            (.timestamp, "4714-11-24 00:00:00 BC", -210_866_803_200_000_000),
            (.timestamp, "294247-01-10 04:00:54.775806", .max - 1), (.timestamp, "infinity", .max),
            (.timestamptz, "2026-11-01 00:00:00+00", 1_793_491_200_000_000),
            (.timestamptz, "2026-11-01 05:30:00+05:30", 1_793_491_200_000_000),
            (.timestamptz, "2026-10-31 19:00:00-05", 1_793_491_200_000_000),
            (.timestamptz, "1890-01-01 00:00:00+05:53:28", -2_524_542_808_000_000),
            (.timestamptz, "2026-11-01 00:00:00.000001+00", 1_793_491_200_000_001),
            (.timestamptz, "4714-11-24 00:00:00+00 BC", -210_866_803_200_000_000),
            (.timestamptz, "-infinity", .min), (.int2, "-32768", -32_768), (.int4, "2147483647", 2_147_483_647),
            (.int8, "-9223372036854775808", .min), (.int8, "42", 42),
        ]
    )
    func coordinate(type: KeyType, text: String, expected: Int64) throws {
        #expect(try CoordinateCodec(type)?.coordinate(text) == expected)
    }

    @Test(
        "are an error for text that is no value of the type",
        arguments: [
            (KeyType.date, "2026-02-29", BoundError.Code.malformed), (.date, "2026-11-01 00:00:00", .malformed),
            (.date, "11/01/2026", .malformed),
            (.date, "01.11.2026", .malformed), (.date, "", .malformed), (.date, "+2026-11-01", .malformed),
            (.date, "-2026-11-01", .malformed), (.date, "0000-01-01", .malformed), (.date, "Infinity ", .malformed),
            (.date, "294247-01-11", .outOfRange),
            (.date, "5874897-12-31", .outOfRange), (.date, "4714-11-23 BC", .outOfRange),
            (.timestamp, "294276-12-31 23:59:59", .outOfRange),
            (.timestamp, "294247-01-10 04:00:54.775807", .outOfRange),
            (.timestamp, "2026-11-01 00:00:00+00", .malformed),
            (.timestamp, "2026-11-01 24:00:00", .malformed), (.timestamptz, "2026-11-01 00:00:00", .malformed),
            (.timestamptz, "2026-11-01 00:00:00 UTC", .malformed),
            (.timestamptz, "4714-11-24 00:00:00+01 BC", .outOfRange),
            (.int2, "32768", .outOfRange), (.int4, "-2147483649", .outOfRange),
            (.int8, "9223372036854775808", .outOfRange),
            (.int8, "99999999999999999999999999", .outOfRange), (.int4, "1.5", .malformed), (.int4, "", .malformed),
            (.int4, "-", .malformed),
            (.int4, "+1", .malformed), (.int4, "٣", .malformed), (.int4, " 1", .malformed), (.int8, "0x10", .malformed),
        ]
    )
    func rejects(type: KeyType, text: String, code: BoundError.Code) throws {
        let codec = try #require(CoordinateCodec(type))
        let error = #expect(throws: BoundError.self) { try codec.coordinate(text) }
        #expect(error?.code == code)
    }

    @Test("are written as text that doesn't depend on the session's zone")
    func literals() throws {
        let moment: Int64 = 1_793_491_200_000_000
        #expect(CoordinateCodec(.date)?.literal(moment) == "2026-11-01")
        #expect(CoordinateCodec(.date)?.literal(moment - 1) == "2026-10-31")
        #expect(CoordinateCodec(.timestamp)?.literal(moment) == "2026-11-01 00:00:00")
        #expect(CoordinateCodec(.timestamptz)?.literal(moment) == "2026-11-01 00:00:00+00")
        #expect(CoordinateCodec(.timestamptz)?.literal(-210_866_803_200_000_000) == "4714-11-24 00:00:00+00 BC")
        #expect(CoordinateCodec(.timestamptz)?.literal(.max) == "infinity")
        #expect(CoordinateCodec(.int8)?.literal(.max) == "9223372036854775807")
        #expect(CoordinateCodec(.other("uuid")) == nil)
    }

    @Test(
        "survive being written and read: 5000 of each type",
        arguments: [KeyType.date, .timestamp, .timestamptz, .int2, .int4, .int8]
    )
    func roundTrip(type: KeyType) throws {
        let codec = try #require(CoordinateCodec(type))
        var generator = SeededGenerator(seed: 7)
        for _ in 0..<5000 {
            let coordinate: Int64 =
                switch type {
                case .date: Int64.random(in: -2_440_588...106_751_991, using: &generator) * 86_400_000_000
                case .int2: Int64(Int16.random(in: .min ... .max, using: &generator))
                case .int4: Int64(Int32.random(in: .min ... .max, using: &generator))
                case .int8: Int64.random(in: .min ... .max, using: &generator)
                default: Int64.random(in: -210_866_803_200_000_000..<Int64.max, using: &generator)
                }
            #expect(try codec.coordinate(codec.literal(coordinate)) == coordinate)
        }
    }

    @Test("of any bytes are a value or an error: 10 000 mutations of timestamps")
    func fuzz() throws {
        var generator = SeededGenerator(seed: 99)
        let pool = Array("0123456789-+:. TZBCinfty".utf8)
        let texts = [
            "2026-11-01 00:00:00.123456+05:30:15", "4714-11-24 00:00:00+00 BC", "294247-01-10 04:00:54.775806-15:59",
            "-infinity",
        ]
        for _ in 0..<10_000 {
            var bytes = Array((texts.randomElement(using: &generator) ?? "").utf8)
            for _ in 0..<Int.random(in: 1...4, using: &generator) {
                let place = Int.random(in: 0..<bytes.count, using: &generator)
                bytes[place] = pool.randomElement(using: &generator) ?? 0
            }
            for type in [KeyType.date, .timestamp, .timestamptz, .int8] {
                let codec = try #require(CoordinateCodec(type))
                guard let value = try? codec.coordinate(String(decoding: bytes, as: UTF8.self)) else { continue }
                #expect(try codec.coordinate(codec.literal(value)) == value)
            }
        }
    }

    @Test(
        "belong to types by PostgreSQL's names",
        arguments: [
            ("date", KeyType.date), ("timestamp without time zone", .timestamp),
            ("timestamp(3) without time zone", .timestamp),
            ("timestamp with time zone", .timestamptz), ("timestamp(0) with time zone", .timestamptz),
            ("timestamptz", .timestamptz),
            ("smallint", .int2), ("integer", .int4), ("bigint", .int8), ("numeric(10,2)", .other("numeric(10,2)")),
            ("character varying(20)", .other("character varying(20)")), ("my(type", .other("my(type")),
            ("", .other("")),
        ]
    )
    func typeNames(name: String, type: KeyType) {
        #expect(KeyType(typeName: name) == type)
        #expect(type.isTemporal == ["date", "timestamp", "timestamptz"].contains(String(describing: type)))
    }
}
