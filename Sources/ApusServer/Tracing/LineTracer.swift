internal import ApusJSON
internal import Synchronization
package import Tracing

/// Writes each span as a line when it has ended: OTLP in JSON, as the OpenTelemetry collector's `otlpjsonfile` receiver
/// reads it.
///
/// https://opentelemetry.io/docs/specs/otel/protocol/file-exporter/
package struct LineTracer: Tracer {
  private let version: String
  private let write: @Sendable ([UInt8]) -> Void

  /// Spans of a program of this version; `write` takes a line, and must not wait.
  package init(version: String, write: @escaping @Sendable ([UInt8]) -> Void) {
    (self.version, self.write) = (version, write)
  }

  package func startSpan<Instant: TracerInstant>(
    _ operationName: String, context: @autoclosure () -> InstrumentationContext, ofKind kind: SpanKind,
    at instant: @autoclosure () -> Instant, function: String, file fileID: String, line: UInt
  ) -> LineSpan {
    var context = context()
    let parent = context.traceParent
    let own = parent?.child ?? TraceParent()
    context.traceParent = own
    return LineSpan(
      operationName, context, own, parent: parent?.spanID, kind, start: instant().nanosecondsSinceEpoch
    ) { [version, write] span in
      write(
        JSONValue.object(JSONObject([("resourceSpans", [Self.resource(version, span)])])).serialized(.compact) + [0x0A])
    }
  }

  package func extract<Carrier, Extract: Extractor>(
    _ carrier: Carrier, into context: inout InstrumentationContext, using extractor: Extract
  ) where Extract.Carrier == Carrier {
    context.traceParent = TraceParent(
      parent: extractor.extract(key: TraceParent.names.parent, from: carrier),
      state: extractor.extract(key: TraceParent.names.state, from: carrier))
  }

  package func inject<Carrier, Inject: Injector>(
    _ context: InstrumentationContext, into carrier: inout Carrier, using injector: Inject
  ) where Inject.Carrier == Carrier {
    guard let parent = context.traceParent else { return }
    injector.inject(parent.text, forKey: TraceParent.names.parent, into: &carrier)
    if !parent.state.isEmpty { injector.inject(parent.state, forKey: TraceParent.names.state, into: &carrier) }
  }

  package func forceFlush() {}

  private static func resource(_ version: String, _ span: JSONValue) -> JSONValue {
    let resource = SpanAttributes(["service.name": "apus", "service.version": .string(version)])
    return [
      "resource": ["attributes": resource.json],
      "scopeSpans": [["scope": ["name": "apus", "version": .string(version)], "spans": [span]]],
    ]
  }
}

/// A span that is written when it ends, unless its trace is not recorded.
package final class LineSpan: Span {
  private struct State {
    var name: String
    var attributes = SpanAttributes()
    var events: [SpanEvent] = []
    var status: SpanStatus?
    var hasEnded = false
  }

  package let context: InstrumentationContext
  private let own: TraceParent
  private let parent: String?
  private let kind: SpanKind
  private let start: UInt64
  private let write: @Sendable (JSONValue) -> Void
  private let state: Mutex<State>
  /// Events that a span keeps; more are dropped.
  private static let eventLimit = 32

  fileprivate init(
    _ name: String, _ context: InstrumentationContext, _ own: TraceParent, parent: String?, _ kind: SpanKind,
    start: UInt64, write: @escaping @Sendable (JSONValue) -> Void
  ) {
    self.context = context
    self.own = own
    self.parent = parent
    self.kind = kind
    self.start = start
    self.write = write
    state = Mutex(State(name: name))
  }

  package var operationName: String {
    get { state.withLock { $0.name } }
    set { state.withLock { $0.name = newValue } }
  }

  package var attributes: SpanAttributes {
    get { state.withLock { $0.attributes } }
    set { state.withLock { $0.attributes = newValue } }
  }

  package var isRecording: Bool { own.isSampled && state.withLock { !$0.hasEnded } }

  package func setStatus(_ status: SpanStatus) { state.withLock { $0.status = status } }

  package func addEvent(_ event: SpanEvent) {
    state.withLock { if $0.events.count < Self.eventLimit { $0.events.append(event) } }
  }

  package func recordError<Instant: TracerInstant>(
    _ error: any Error, attributes: SpanAttributes, at instant: @autoclosure () -> Instant
  ) {
    var all = attributes
    // Never its text, which may hold a part of a request.
    all["exception.type"] = "\(type(of: error))"
    addEvent(SpanEvent(name: "exception", at: instant(), attributes: all))
  }

  /// Nothing links the server's spans.
  package func addLink(_ link: SpanLink) {}

  package func end<Instant: TracerInstant>(at instant: @autoclosure () -> Instant) {
    let ended = state.withLock { state -> State? in
      defer { state.hasEnded = true }
      return state.hasEnded ? nil : state
    }
    guard own.isSampled, let ended else { return }
    write(json(ended, end: max(start, instant().nanosecondsSinceEpoch)))
  }

  private func json(_ state: State, end: UInt64) -> JSONValue {
    var members: JSONMembers = [
      ("traceId", .string(own.traceID)), ("spanId", .string(own.spanID)), ("name", .string(state.name)),
      ("kind", .int(kind.number)), ("startTimeUnixNano", .string("\(start)")), ("endTimeUnixNano", .string("\(end)")),
      ("attributes", state.attributes.json),
    ]
    if let parent { members.append(("parentSpanId", .string(parent))) }
    if !own.state.isEmpty { members.append(("traceState", .string(own.state))) }
    if !state.events.isEmpty {
      let events = state.events.map { event -> JSONValue in
        [
          "timeUnixNano": .string("\(event.nanosecondsSinceEpoch)"), "name": .string(event.name),
          "attributes": event.attributes.json,
        ]
      }
      members.append(("events", .array(events)))
    }
    if let status = state.status {
      var member: JSONMembers = [("code", .int(status.code == .error ? 2 : 1))]
      if let message = status.message { member.append(("message", .string(message))) }
      members.append(("status", .object(JSONObject(member))))
    }
    return .object(JSONObject(members))
  }
}

extension SpanKind {
  /// Its number in OTLP.
  fileprivate var number: Int {
    switch self {
    case .internal: 1
    case .server: 2
    case .client: 3
    case .producer: 4
    case .consumer: 5
    }
  }
}

extension SpanAttributes {
  /// A list of names and values, as OTLP has it; 64-bit numbers are texts there.
  fileprivate var json: JSONValue {
    var list: [(name: String, value: JSONValue)] = []
    forEach { list.append(($0, Self.json($1))) }
    return .array(list.sorted { $0.name < $1.name }.map { ["key": .string($0.name), "value": $0.value] })
  }

  private static func json(_ value: SpanAttribute) -> JSONValue {
    switch value {
    case .int32(let number): ["intValue": .string("\(number)")]
    case .int64(let number): ["intValue": .string("\(number)")]
    case .double(let number) where number.isFinite: ["doubleValue": .double(number)]
    case .bool(let value): ["boolValue": .bool(value)]
    case .string(let text): ["stringValue": .string(text)]
    case .stringArray(let texts): ["arrayValue": ["values": .array(texts.map { ["stringValue": .string($0)] })]]
    default: ["stringValue": .string("\(value)")]
    }
  }
}
