internal import NIOCore
internal import NIOPosix

/// One connection to a Redis server, on which commands follow each other without waiting for replies.
struct RedisConnection: Sendable {
  private let channel: any Channel

  /// Why a command has no reply.
  enum Failure: Error, Equatable {
    /// There is no connection, or not any longer.
    case lost
    /// Nothing came in time; the connection is closed, too.
    case late
    /// What came is nothing that a Redis server says.
    case garbled
    /// The server refuses the command; the first word of its reply says why.
    case refused(String)
  }

  /// Times that a server gets.
  struct Patience: Sendable {
    /// For a connection, and for its first commands.
    var connection = Duration.seconds(2)
    /// For the reply to a command.
    var reply = Duration.milliseconds(100)
  }

  /// Connects, signs in, and chooses the database.
  init(_ address: RedisAddress, valueByteLimit: Int, _ patience: Patience) async throws(Failure) {
    do {
      channel = try await ClientBootstrap(group: .singletonMultiThreadedEventLoopGroup)
        .connectTimeout(TimeAmount(patience.connection))
        .channelOption(.tcpOption(.tcp_nodelay), value: 1)
        .channelInitializer { channel in
          channel.eventLoop.makeCompletedFuture {
            let decoder = RedisReplyDecoder(valueByteLimit: valueByteLimit)
            let limit = valueByteLimit + 2 * RedisReplyDecoder.lineByteLimit
            try channel.pipeline.syncOperations.addHandlers([
              ByteToMessageHandler(decoder, maximumBufferSize: limit), RedisExchange(),
            ])
          }
        }
        .connect(host: address.host, port: address.port).get()
    } catch {
      throw .lost
    }
    for command in address.greeting {
      do {
        _ = try await send(command, within: patience.connection)
      } catch {
        close()
        throw error
      }
    }
  }

  /// The reply to a command, which comes within that time.
  func send(_ words: [[UInt8]], within time: Duration) async throws(Failure) -> RedisReply {
    let promise = channel.eventLoop.makePromise(of: RedisReply.self)
    let timer = channel.eventLoop.scheduleTask(in: TimeAmount(time)) {
      promise.fail(Failure.late)
      // Replies come in order: what comes behind one that is late is late, too.
      channel.close(promise: nil)
    }
    let written = channel.eventLoop.makePromise(of: Void.self)
    written.futureResult.whenFailure { _ in promise.fail(Failure.lost) }
    channel.writeAndFlush(RedisExchange.Call(bytes: RedisCommand.bytes(words), reply: promise), promise: written)
    defer { timer.cancel() }
    do {
      let reply = try await promise.futureResult.get()
      if case .error(let word) = reply { throw Failure.refused(word) }
      return reply
    } catch let failure as Failure {
      throw failure
    } catch {
      throw .lost
    }
  }

  /// Returns when the connection has ended.
  func end() async { try? await channel.closeFuture.get() }

  func close() { channel.close(promise: nil) }
}

/// Hands each reply to the command that it answers.
private final class RedisExchange: ChannelDuplexHandler {
  typealias InboundIn = RedisReply
  typealias OutboundIn = Call
  typealias OutboundOut = ByteBuffer

  struct Call: Sendable {
    let bytes: ByteBuffer
    let reply: EventLoopPromise<RedisReply>
  }

  private var waiting = CircularBuffer<EventLoopPromise<RedisReply>>()
  /// Why no reply comes any more.
  private var end: RedisConnection.Failure?

  /// Commands that wait at once; more fail at once.
  private static let limit = 1024

  func write(context: ChannelHandlerContext, data: NIOAny, promise: EventLoopPromise<Void>?) {
    let call = unwrapOutboundIn(data)
    guard end == nil, context.channel.isActive, waiting.count < Self.limit else {
      call.reply.fail(end ?? .lost)
      promise?.succeed()
      return
    }
    waiting.append(call.reply)
    context.write(wrapOutboundOut(call.bytes), promise: promise)
  }

  func channelRead(context: ChannelHandlerContext, data: NIOAny) {
    // A reply to nothing is no reply.
    guard let reply = waiting.popFirst() else { return fail(.garbled, context) }
    reply.succeed(unwrapInboundIn(data))
  }

  func errorCaught(context: ChannelHandlerContext, error: any Error) {
    fail(error is IOError || error is ChannelError ? .lost : .garbled, context)
  }

  func channelInactive(context: ChannelHandlerContext) {
    failAll(end ?? .lost)
    context.fireChannelInactive()
  }

  private func fail(_ failure: RedisConnection.Failure, _ context: ChannelHandlerContext) {
    failAll(failure)
    context.close(promise: nil)
  }

  private func failAll(_ failure: RedisConnection.Failure) {
    end = end ?? failure
    while let reply = waiting.popFirst() { reply.fail(failure) }
  }
}
