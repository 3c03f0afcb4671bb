internal import NIOCore
internal import NIOPosix
internal import Synchronization

/// Something on a port of this machine that answers as a Redis server does, or as a test wants it.
final class FakeRedis: Sendable {
  enum Mood: Sendable {
    /// Keeps what is set.
    case sound
    /// Takes commands and says nothing.
    case silent
    /// Says this whatever it is asked.
    case saying(String)
    /// Ends every connection.
    case closing
  }

  private struct State {
    var mood = Mood.sound
    var values: [[UInt8]: [UInt8]] = [:]
    /// The first words of all commands.
    var commands: [String] = []
  }

  private let state = Mutex(State())
  private let listener = Mutex<(any Channel)?>(nil)

  var mood: Mood {
    get { state.withLock { $0.mood } }
    set { state.withLock { $0.mood = newValue } }
  }

  var commands: [String] { state.withLock { $0.commands } }

  /// Begins to listen; gives its address.
  func listen(port: Int = 0) async throws -> String {
    let channel = try await ServerBootstrap(group: .singletonMultiThreadedEventLoopGroup)
      .serverChannelOption(.socketOption(.so_reuseaddr), value: 1)
      .childChannelInitializer { channel in
        channel.eventLoop.makeCompletedFuture { try channel.pipeline.syncOperations.addHandler(Peer(self)) }
      }
      .bind(host: "127.0.0.1", port: port).get()
    listener.withLock { $0 = channel }
    return "redis://127.0.0.1:\(channel.localAddress?.port ?? 0)"
  }

  /// Listens no longer; connections that there are stay.
  func stop() async throws { try await listener.withLock { $0.take() }?.close() }

  /// What a command is answered with; nil for nothing.
  fileprivate func answer(_ words: [[UInt8]]) -> [UInt8]? {
    state.withLock { state in
      let name = String(decoding: words.first ?? [], as: UTF8.self)
      state.commands.append(name)
      switch state.mood {
      case .silent, .closing: return nil
      case .saying(let text): return Array(text.utf8)
      case .sound: break
      }
      switch name {
      case "GET":
        guard let value = state.values[words[1]] else { return Array("$-1\r\n".utf8) }
        return Array("$\(value.count)\r\n".utf8) + value + [0x0D, 0x0A]
      case "SET":
        state.values[words[1]] = words[2]
        return Array("+OK\r\n".utf8)
      default: return Array("+PONG\r\n".utf8)
      }
    }
  }

  fileprivate var isClosing: Bool { if case .closing = mood { true } else { false } }
}

/// One connection of a client.
private final class Peer: ChannelInboundHandler {
  typealias InboundIn = ByteBuffer
  typealias OutboundOut = ByteBuffer

  private let server: FakeRedis
  private var buffer = ByteBuffer()

  init(_ server: FakeRedis) { self.server = server }

  func channelRead(context: ChannelHandlerContext, data: NIOAny) {
    buffer.writeImmutableBuffer(unwrapInboundIn(data))
    while let words = command() {
      if let answer = server.answer(words) {
        context.writeAndFlush(wrapOutboundOut(ByteBuffer(bytes: answer)), promise: nil)
      }
      if server.isClosing { context.close(promise: nil) }
    }
  }

  /// The next command, once all of it is there.
  private func command() -> [[UInt8]]? {
    var rest = buffer
    guard let count = number(in: &rest) else { return nil }
    var words: [[UInt8]] = []
    for _ in 0..<count {
      guard let length = number(in: &rest), let word = rest.readBytes(length: length), rest.readBytes(length: 2) != nil
      else { return nil }
      words.append(word)
    }
    buffer = rest
    return words
  }

  /// The number of a line such as `*3`.
  private func number(in buffer: inout ByteBuffer) -> Int? {
    guard let end = buffer.readableBytesView.firstIndex(of: 0x0A) else { return nil }
    let line = buffer.readString(length: end - buffer.readerIndex + 1) ?? ""
    return Int(line.dropFirst().filter { !$0.isNewline })
  }
}
