internal import Apus
internal import HTTPTypes
internal import Hummingbird
internal import Tracing

/// One request in a trace: its span, the spans of its parts, and what its answer and its line in the log tell of it.
///
/// Without a tracer nothing is recorded, and what the client sent is passed on as it is.
final class RequestTrace: Sendable {
  private let tracer: (any Tracer)?
  private let span: (any Span)?
  private let context: InstrumentationContext
  private let start = ContinuousClock.now
  private let began = DefaultTracerClock.now

  /// Nil where there is nothing to record and nothing to pass on.
  init?(_ request: Request, route: String?, _ tracer: (any Tracer)?) {
    let given = TraceParent(request.headers)
    guard tracer != nil || given != nil else { return nil }
    var context = InstrumentationContext.topLevel
    context.traceParent = given
    tracer?.extract(request.headers, into: &context, using: HeaderFields())
    let method = RequestMetrics.known(request.method.rawValue)
    let name = [method, route].compactMap(\.self).joined(separator: " ")
    span = tracer?.startSpan(name, context: context, ofKind: .server, at: began)
    self.tracer = tracer
    self.context = span?.context ?? context
    span?.updateAttributes { attributes in
      attributes["http.request.method"] = method
      attributes["http.route"] = route
      attributes["url.path"] = request.uri.path
    }
  }

  /// The trace's name, for the log.
  var traceID: String? { context.traceParent?.traceID }

  /// Tells the client.
  func write(to headers: inout HTTPFields) {
    (tracer ?? LineTracer.silent).inject(context, into: &headers, using: HeaderFields())
  }

  /// Adds to what is said of the request.
  func note(_ update: (inout SpanAttributes) -> Void) { span?.updateAttributes(update) }

  /// A part of it has taken the time from one moment to another.
  func part(
    _ name: String, from start: ContinuousClock.Instant, to end: ContinuousClock.Instant = .now,
    _ attributes: SpanAttributes = [:]
  ) {
    guard let tracer else { return }
    let part = tracer.startSpan(name, context: context, ofKind: .internal, at: time(start))
    part.attributes = attributes
    part.end(at: time(end))
  }

  /// It has ended.
  func end(_ entry: LogEntry) {
    guard let span else { return }
    let (model, work) = (entry.outcome.parties.model, entry.outcome.used)
    span.updateAttributes { attributes in
      attributes["http.response.status_code"] = entry.status
      attributes["apus.request.id"] = entry.id
      attributes["error.type"] = entry.outcome.end?.name
      guard let model else { return }
      attributes["gen_ai.provider.name"] = "apus"
      attributes["gen_ai.response.model"] = model
      attributes["gen_ai.usage.input_tokens"] = work.promptTokens
      attributes["gen_ai.usage.cache_read.input_tokens"] = work.cachedTokens
      attributes["gen_ai.usage.output_tokens"] = work.completionTokens
    }
    // What a client did wrong is no error of the server's, as OpenTelemetry has it.
    if entry.status >= 500 || entry.outcome.end?.failure != nil { span.setStatus(SpanStatus(code: .error)) }
    span.end()
  }

  private func time(_ instant: ContinuousClock.Instant) -> DefaultTracerClock.Timestamp {
    let since = max(.zero, instant - start).components
    let nanoseconds = UInt64(since.seconds) * 1_000_000_000 + UInt64(since.attoseconds / 1_000_000_000)
    return DefaultTracerClock.Timestamp(nanosecondsSinceEpoch: began.nanosecondsSinceEpoch + nanoseconds)
  }
}

extension LineTracer {
  /// One that knows how traces are passed on, and writes nothing.
  fileprivate static let silent = LineTracer(version: "") { _ in }
}

extension RequestTrace {
  /// What a model is to do for it, in the words of OpenTelemetry's conventions for generative AI where those have one.
  func note(_ operation: String, model: String) {
    note { attributes in
      attributes["gen_ai.operation.name"] = operation
      attributes["gen_ai.request.model"] = model
    }
  }

  /// What is to be generated for it, in the same words.
  func note(_ plan: GenerationPlan, model: String) {
    let options = plan.options
    note(plan.reading == nil ? "text_completion" : "chat", model: model)
    note { attributes in
      attributes["gen_ai.request.max_tokens"] = options.maxTokens
      attributes["gen_ai.request.temperature"] = options.sampling?.temperature
      attributes["gen_ai.request.top_p"] = options.sampling?.topP
      attributes["gen_ai.request.top_k"] = options.sampling?.topK
      attributes["gen_ai.request.seed"] = options.seed.flatMap { Int(exactly: $0) }
      if plan.count > 1 { attributes["gen_ai.request.choice.count"] = plan.count }
    }
  }

  /// A completion has ended just now: it waited, its prompt was processed, and its tokens were generated.
  func note(_ summary: GenerationSummary, choice: Int) {
    let (timings, end) = (summary.timings, ContinuousClock.now)
    let generation = end - timings.decode
    let prompt = generation - timings.prefill
    let number: SpanAttributes = ["apus.choice": .int64(Int64(choice))]
    part("waiting", from: prompt - timings.queue, to: prompt, number)
    var tokens = number
    tokens["gen_ai.usage.input_tokens"] = summary.usage.promptTokens
    tokens["gen_ai.usage.cache_read.input_tokens"] = summary.usage.cachedTokens
    part("prompt", from: prompt, to: generation, tokens)
    tokens = number
    tokens["gen_ai.usage.output_tokens"] = summary.usage.completionTokens
    tokens["gen_ai.response.finish_reasons"] = [summary.finishReason.rawValue]
    part("generation", from: generation, to: end, tokens)
  }
}
