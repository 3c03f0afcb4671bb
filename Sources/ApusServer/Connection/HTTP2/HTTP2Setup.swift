internal import Hummingbird
internal import HummingbirdCore
internal import NIOCore
internal import NIOHTTP2
internal import NIOHTTPTypes
internal import NIOHTTPTypesHTTP2

/// How a connection of HTTP/2 is put together, and what its client may do.
struct HTTP2Setup: Sendable {
  typealias Stream = NIOAsyncChannel<HTTPRequestPart, HTTPResponsePart>
  typealias Streams = NIOHTTP2Handler.AsyncStreamMultiplexer<Stream>

  let limits: RequestLimits
  let timeouts: ServerTimeouts
  let connections: Connections
  let bodyLimit: BodyLimit

  /// Requests of one connection that may be open at once.
  static let streamLimit = 100

  /// Floods end the connection: 200 resets or other frames without content in 30 s, among others.
  private var configuration: NIOHTTP2Handler.Configuration {
    var configuration = NIOHTTP2Handler.Configuration()
    configuration.connection.initialSettings = [
      HTTP2Setting(parameter: .maxConcurrentStreams, value: Self.streamLimit),
      HTTP2Setting(parameter: .maxHeaderListSize, value: limits.headerByteCount),
    ]
    configuration.connection.maximumSequentialContinuationFrames = 5
    configuration.connection.maximumBufferedControlFrames = 1000
    configuration.connection.controlFrameRateLimit.maximumCount = 200
    configuration.stream.streamResetFrameRateLimit.maximumCount = 200
    configuration.stream.streamErrorRateLimit.maximumCount = limits.refusalsPerConnection
    return configuration
  }

  /// Adds what a connection needs, whose client speaks HTTP/2.
  func add(to channel: any Channel) throws -> Streams {
    let pipeline = channel.pipeline.syncOperations
    let faults = HTTP2Faults()
    let socket = try pipeline.handler(type: SocketGuard.self)
    let connection = HTTP2Connection(socket, faults, timeouts: timeouts, limits: limits, connections: connections)
    let (limits, timeouts, connections, bodyLimit) = (limits, timeouts, connections, bodyLimit)
    let streams: Streams = try pipeline.configureAsyncHTTP2Pipeline(
      mode: .server, streamDelegate: nil, frameDelegate: faults, configuration: configuration
    ) { stream in
      stream.eventLoop.makeCompletedFuture {
        let parent = try stream.parent?.pipeline.syncOperations.handler(type: HTTP2Connection.self)
        guard let parent else { throw ChannelError.ioOnClosedChannel }
        try stream.pipeline.syncOperations.addHandlers([
          HTTP2FramePayloadToHTTPServerCodec(), BodyPieces(),
          StreamGuard(parent, timeouts: timeouts, limits: limits, connections: connections, bodyLimit: bodyLimit),
        ])
        return try Stream(wrappingChannelSynchronously: stream)
      }
    }
    let manager = NIOHTTP2ServerConnectionManagementHandler(
      eventLoop: channel.eventLoop,
      configuration: .init(
        // Answers may take as long as they do: those of a server that ends are ended by its shutdown.
        maxIdleTime: TimeAmount(timeouts.idle), maxAge: nil, maxGraceTime: nil, keepalive: nil))
    try pipeline.addHandlers([manager, connection])
    // The connection is there already: its idle time begins now.
    manager.channelActive(context: try pipeline.context(handler: manager))
    return streams
  }
}

/// Whether the library has given the whole connection up: it says so in a frame, and to errors alone one does not see it.
final class HTTP2Faults: NIOHTTP2FrameDelegate {
  private(set) var endsConnection = false

  func wroteFrame(_ frame: HTTP2Frame) {
    if case .goAway(_, let code, _) = frame.payload, code != .noError { endsConnection = true }
  }
}
