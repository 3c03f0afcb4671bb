internal import HTTPTypes
internal import Tracing

/// Where in a trace something stands, as W3C's Trace Context writes it in `traceparent` and `tracestate`.
///
/// https://www.w3.org/TR/trace-context/
struct TraceParent: Sendable, Equatable {
  /// 32 small hexadecimal digits, not all 0.
  let traceID: String
  /// 16 such digits: the span that others are children of.
  var spanID: String
  /// Whether the trace is recorded.
  var isSampled = true
  /// What other systems wrote beside it, passed on as it is; empty for nothing.
  var state = ""

  /// A new trace.
  init() {
    traceID = hexadecimalDigits(of: .random(in: 1 ... .max)) + hexadecimalDigits(of: .random(in: .min ... .max))
    spanID = Self.newSpanID
  }

  /// What a client sent; nil where it is nothing of that kind, and then `tracestate` counts for nothing.
  init?(parent: String?, state: String?) {
    guard let parent, parent.utf8.count <= 512 else { return nil }
    let parts = parent.split(separator: "-", omittingEmptySubsequences: false)
    guard parts.count >= 4, let version = Self.digits(parts[0], 2), version != "ff",
      // A later version may have more parts.
      parts.count == 4 || version != "00",
      let traceID = Self.digits(parts[1], 32), traceID.utf8.contains(where: { $0 != UInt8(ascii: "0") }),
      let spanID = Self.digits(parts[2], 16), spanID.utf8.contains(where: { $0 != UInt8(ascii: "0") }),
      let flags = Self.digits(parts[3], 2).flatMap({ UInt8($0, radix: 16) })
    else { return nil }
    (self.traceID, self.spanID, isSampled) = (traceID, spanID, flags & 1 == 1)
    if let state, state.utf8.count <= Self.stateByteCount, state.utf8.allSatisfy({ (0x20...0x7E).contains($0) }) {
      self.state = state
    }
  }

  /// The same trace, with a new span.
  var child: TraceParent {
    var child = self
    child.spanID = Self.newSpanID
    return child
  }

  /// The value of `traceparent`.
  var text: String { "00-\(traceID)-\(spanID)-\(isSampled ? "01" : "00")" }

  /// Bytes of `tracestate` that are passed on; it is dropped where it has more.
  private static let stateByteCount = 512

  private static var newSpanID: String { hexadecimalDigits(of: .random(in: 1 ... .max)) }

  private static func digits(_ text: Substring, _ count: Int) -> String? {
    let isHexadecimal = text.utf8.allSatisfy { byte in
      (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte) || (UInt8(ascii: "a")...UInt8(ascii: "f")).contains(byte)
    }
    return text.utf8.count == count && isHexadecimal ? String(text) : nil
  }
}

extension TraceParent {
  static let names = (parent: "traceparent", state: "tracestate")

  /// What the header of a request says.
  init?(_ headers: HTTPFields) {
    let fields = HeaderFields()
    self.init(
      parent: fields.extract(key: Self.names.parent, from: headers),
      state: fields.extract(key: Self.names.state, from: headers))
  }
}

/// Header fields as tracers read and write them.
struct HeaderFields: Extractor, Injector {
  func extract(key: String, from carrier: HTTPFields) -> String? { HTTPField.Name(key).flatMap { carrier[$0] } }

  func inject(_ value: String, forKey key: String, into carrier: inout HTTPFields) {
    if let name = HTTPField.Name(key) { carrier[name] = value }
  }
}

extension InstrumentationContext {
  private enum Key: InstrumentationContextKey {
    typealias Value = TraceParent
  }

  /// Where in a trace what runs now stands.
  var traceParent: TraceParent? {
    get { self[Key.self] }
    set { self[Key.self] = newValue }
  }
}
