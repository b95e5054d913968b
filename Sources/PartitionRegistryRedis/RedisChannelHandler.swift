// SPDX-License-Identifier: Apache-2.0
// Part of partition-cli. See LICENSE and CONTRIBUTING.md.

import NIOCore

/// A command and who waits for its reply.
struct RedisRequest: Sendable {
    let command: RedisCommand
    let reply: EventLoopPromise<RESPValue>
}

/// Pairs replies with commands, in order. The first thing that goes wrong ends the connection: after it nobody could
/// tell which reply belongs to which command.
final class RedisChannelHandler: ChannelDuplexHandler {
    typealias InboundIn = RESPValue
    typealias OutboundIn = RedisRequest
    typealias OutboundOut = ByteBuffer

    private var waiting: CircularBuffer<EventLoopPromise<RESPValue>> = []
    private let messages: AsyncStream<String>.Continuation?
    private let ended: EventLoopPromise<Void>

    /// - Parameters:
    ///   - messages: Where the channels of published messages go; nil for a connection that doesn't subscribe.
    ///   - ended: Fails with what ended the connection.
    init(messages: AsyncStream<String>.Continuation?, ended: EventLoopPromise<Void>) {
        self.messages = messages
        self.ended = ended
    }

    func write(context: ChannelHandlerContext, data: NIOAny, promise: EventLoopPromise<Void>?) {
        let request = unwrapOutboundIn(data)
        waiting.append(request.reply)
        var buffer = context.channel.allocator.buffer(capacity: 256)
        request.command.encode(into: &buffer)
        context.write(wrapOutboundOut(buffer), promise: promise)
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        let value = unwrapInboundIn(data)
        switch pushKind(of: value) {
        case "pmessage":
            if let channel = value.elements?.dropFirst(2).first?.text { messages?.yield(channel) }
        case "psubscribe", nil:
            guard let promise = waiting.popFirst() else {
                return fail(context, RESPError(reason: "a reply that nobody asked for"))
            }
            promise.succeed(value)
        default: break
        }
    }

    /// RESP2 sends a subscriber's messages as arrays, RESP3 as pushes.
    private func pushKind(of value: RESPValue) -> String? {
        switch value {
        case .push(let elements): return elements.first?.text ?? ""
        case .array(let elements) where messages != nil:
            let kind = elements.first?.text
            return ["pmessage", "psubscribe"].contains(kind) ? kind : nil
        default: return nil
        }
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) { fail(context, error) }

    func channelInactive(context: ChannelHandlerContext) {
        fail(context, ChannelError.eof)
        context.fireChannelInactive()
    }

    func handlerRemoved(context: ChannelHandlerContext) { fail(context, ChannelError.eof) }

    private func fail(_ context: ChannelHandlerContext, _ error: any Error) {
        ended.fail(error)
        while let promise = waiting.popFirst() { promise.fail(error) }
        messages?.finish()
        context.close(promise: nil)
    }
}
