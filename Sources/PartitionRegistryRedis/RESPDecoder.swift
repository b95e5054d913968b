// SPDX-License-Identifier: Apache-2.0
// Part of partition-cli. See LICENSE and CONTRIBUTING.md.

import NIOCore
import PartitionMap

/// What a server sent that isn't RESP, or is more than a registry ever needs.
struct RESPError: Error, Equatable {
    let reason: String
}

/// Decodes RESP2 and RESP3, within bounds: the server may be anything that listens on that port.
struct RESPDecoder: NIOSingleStepByteToMessageDecoder {
    typealias InboundOut = RESPValue

    static let maximumLine = 64 << 10
    /// A document and some.
    static let maximumBulk = PartitionMapDocument.maximumSize + (1 << 20)
    /// Of one reply, through all levels. A reply is decoded from its beginning whenever bytes arrive, so this also
    /// bounds the work that a slow trickle of tiny elements can cause.
    static let maximumElements = 1 << 14
    static let maximumDepth = 8

    mutating func decode(buffer: inout ByteBuffer) throws -> RESPValue? {
        var scan = RESPScan(buffer: buffer)
        guard let value = try scan.value(depth: 0) else { return nil }
        buffer = scan.buffer
        return value
    }

    mutating func decodeLast(buffer: inout ByteBuffer, seenEOF: Bool) throws -> RESPValue? {
        try decode(buffer: &buffer)
    }
}

/// One attempt at one value; nil everywhere means that more bytes are needed.
private struct RESPScan {
    var buffer: ByteBuffer
    private var elements = 0

    init(buffer: ByteBuffer) {
        self.buffer = buffer
    }

    mutating func value(depth: Int) throws -> RESPValue? {
        guard depth <= RESPDecoder.maximumDepth else { throw RESPError(reason: "a reply nested too deep") }
        guard let kind = buffer.readInteger(as: UInt8.self), let line = try line() else { return nil }
        switch kind {
        case UInt8(ascii: "+"), UInt8(ascii: "("), UInt8(ascii: ","): return .simple(line)
        case UInt8(ascii: "-"): return .error(line)
        case UInt8(ascii: ":"): return .integer(try number(line))
        case UInt8(ascii: "_"): return .null
        case UInt8(ascii: "#"): return .bool(line == "t")
        case UInt8(ascii: "$"): return try bulk(line)
        case UInt8(ascii: "!"):
            // As long as a line at most.
            guard let value = try bulk(line) else { return nil }
            return .error(value.text ?? "ERR")
        case UInt8(ascii: "="):
            guard case .bulk(let bytes)? = try bulk(line) else { return nil }
            // Three letters of a format and a colon come first.
            return .bulk(Array(bytes.dropFirst(4)))
        case UInt8(ascii: "*"), UInt8(ascii: "~"):
            return try aggregate(line, 1, depth).map { $0.map(RESPValue.array) ?? .null }
        case UInt8(ascii: "%"): return try aggregate(line, 2, depth).map { $0.map(RESPValue.map) ?? .null }
        case UInt8(ascii: ">"): return try aggregate(line, 1, depth).map { $0.map(RESPValue.push) ?? .null }
        default: throw RESPError(reason: "a reply of unknown type")
        }
    }

    private mutating func line() throws -> String? {
        let view = buffer.readableBytesView.prefix(RESPDecoder.maximumLine)
        guard let end = view.firstIndex(of: UInt8(ascii: "\r")) else {
            guard view.count < RESPDecoder.maximumLine else { throw RESPError(reason: "a line without an end") }
            return nil
        }
        let length = view.distance(from: view.startIndex, to: end)
        guard buffer.readableBytes >= length + 2 else { return nil }
        let text = buffer.readString(length: length) ?? ""
        guard buffer.readInteger(as: UInt16.self) == 0x0D0A else { throw RESPError(reason: "a line that ends oddly") }
        return text
    }

    private func number(_ text: String) throws -> Int64 {
        guard let number = Int64(text) else { throw RESPError(reason: "a number that isn't one") }
        return number
    }

    private mutating func bulk(_ line: String) throws -> RESPValue? {
        let length = try number(line)
        if length == -1 { return .null }
        guard (0...Int64(RESPDecoder.maximumBulk)).contains(length) else {
            throw RESPError(reason: "a text that is too long")
        }
        guard buffer.readableBytes >= Int(length) + 2 else { return nil }
        let bytes = buffer.readBytes(length: Int(length)) ?? []
        guard buffer.readInteger(as: UInt16.self) == 0x0D0A else { throw RESPError(reason: "a text that ends oddly") }
        return .bulk(bytes)
    }

    /// Nil when bytes are missing; an inner nil is RESP2's null array.
    private mutating func aggregate(_ line: String, _ width: Int, _ depth: Int) throws -> [RESPValue]?? {
        let count = try number(line)
        if count == -1 { return .some(nil) }
        guard (0...Int64(RESPDecoder.maximumElements)).contains(count) else {
            throw RESPError(reason: "too many elements")
        }
        elements += Int(count) * width
        guard elements <= RESPDecoder.maximumElements else { throw RESPError(reason: "too many elements") }
        var values: [RESPValue] = []
        for _ in 0..<Int(count) * width {
            guard let value = try value(depth: depth + 1) else { return nil }
            values.append(value)
        }
        return .some(values)
    }
}
