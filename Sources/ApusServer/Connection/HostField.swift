internal import NIOCore
internal import NIOHTTP1

/// Sees to it that a request names one host.
///
/// HTTP/1.1 asks for exactly one `Host`. A target in the absolute form names a host, too: where both differ, they are put
/// together into a value that is the name of neither. Stands behind the parser: later nobody knows the version and the
/// target as they came.
final class HostField: ChannelInboundHandler {
  typealias InboundIn = HTTPServerRequestPart
  typealias InboundOut = HTTPServerRequestPart

  /// Not exactly one `Host`.
  struct Invalid: Error {}

  private var isRefused = false
  /// The version of the request that came last.
  private(set) var version = HTTPVersion.http1_1

  func channelRead(context: ChannelHandlerContext, data: NIOAny) {
    guard !isRefused else { return }
    guard case .head(var head) = unwrapInboundIn(data) else { return context.fireChannelRead(data) }
    version = head.version
    let hosts = head.headers["Host"]
    guard hosts.count == 1 || (hosts.isEmpty && head.version == .http1_0) else {
      isRefused = true
      return context.fireErrorCaught(Invalid())
    }
    if let target = Self.authority(ofTarget: head.uri), target.lowercased() != hosts.first?.lowercased() {
      head.headers.replaceOrAdd(name: "Host", value: ([target] + hosts).joined(separator: ", "))
    }
    context.fireChannelRead(wrapInboundOut(.head(head)))
  }

  /// The host and port of a target such as `http://host:port/path`; nil for a path alone.
  static func authority(ofTarget target: String) -> String? {
    guard target.utf8.first != UInt8(ascii: "/"), let slashes = target.firstRange(of: "://") else { return nil }
    let ends = Set("/?#\\".utf8)
    return String(target[slashes.upperBound...].utf8.prefix { !ends.contains($0) })
  }
}
