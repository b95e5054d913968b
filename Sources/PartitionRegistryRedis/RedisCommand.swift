// SPDX-License-Identifier: Apache-2.0
// Part of partition-cli. See LICENSE and CONTRIBUTING.md.

import NIOCore

/// One command: its words, each as bytes.
struct RedisCommand: Sendable {
    private(set) var words: [[UInt8]]

    init(_ words: String...) {
        self.words = words.map { Array($0.utf8) }
    }

    mutating func append(_ word: String) { words.append(Array(word.utf8)) }

    mutating func append(_ word: [UInt8]) { words.append(word) }

    /// The command as RESP sends it: an array of bulk strings.
    func encode(into buffer: inout ByteBuffer) {
        buffer.writeString("*\(words.count)\r\n")
        for word in words {
            buffer.writeString("$\(word.count)\r\n")
            buffer.writeBytes(word)
            buffer.writeString("\r\n")
        }
    }
}

extension RedisCommand {
    /// `EVAL` of a script.
    init(script: String, keys: [String]) {
        self.init("EVAL", script, String(keys.count))
        for key in keys { append(key) }
    }
}
