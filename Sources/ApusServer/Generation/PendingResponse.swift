internal import ApusJSON
internal import HTTPTypes
internal import Hummingbird

/// A response that takes long, and shows signs of life until it can be given.
///
/// What is ready before the first heartbeat becomes an ordinary response, with whatever status it deserves. A later one
/// has been begun as 200, with white space, which JSON allows before a value, or comments of a stream, so that no client
/// or load balancer gives up; if it fails then, the error stands in the body.
final class PendingResponse<Value: Sendable>: Sendable {
  private let form: LateForm
  private let work: Task<Value, any Error>
  private let beats: AsyncStream<Void>
  private let respond: @Sendable (Value) async throws -> Response

  /// Starts to produce what `respond` makes a response of; that is cancelled when this object goes.
  init(
    _ form: LateForm, _ heartbeat: Heartbeat, _ produce: @escaping @Sendable () async throws -> Value,
    respond: @escaping @Sendable (Value) async throws -> Response
  ) {
    let (beats, continuation) = AsyncStream.makeStream(of: Void.self, bufferingPolicy: .bufferingNewest(1))
    self.form = form
    self.beats = beats
    self.respond = respond
    work = Task {
      let pulse = Task { try await heartbeat.beat { continuation.yield() } }
      defer {
        pulse.cancel()
        continuation.finish()
      }
      return try await produce()
    }
  }

  deinit { work.cancel() }

  /// The response; waits until it can be given or the first heartbeat is due.
  func response() async throws -> Response {
    let isReady = await withTaskCancellationHandler {
      var iterator = beats.makeAsyncIterator()
      return await iterator.next() == nil
    } onCancel: {
      work.cancel()
    }
    if isReady { return try await respond(try await work.value) }
    return Response(status: .ok, headers: form.headers, body: lateBody)
  }

  private var lateBody: ResponseBody {
    ResponseBody { [self] writer in
      let sign = form.signOfLife
      try await writer.write(sign)
      for await _ in beats { try await writer.write(sign) }
      let response: Response
      do {
        response = try await respond(try await work.value)
      } catch {
        if let refusal = APIError(known: error) { try await writer.write(form.last(refusal)) }
        throw error
      }
      try await response.body.write(writer)
    }
  }
}

/// What a response that was begun before it could be given is made of.
enum LateForm: Sendable {
  /// One JSON value; the connection closes in the middle of the body where it fails, so that no client takes the error for
  /// an answer.
  case json
  /// Events of a stream.
  case events

  var headers: HTTPFields {
    switch self {
    case .json: return [.contentType: "application/json"]
    case .events:
      var headers: HTTPFields = [.contentType: "text/event-stream", .cacheControl: "no-cache"]
      if let unbuffered = HTTPField.Name("X-Accel-Buffering") { headers[unbuffered] = "no" }
      return headers
    }
  }

  fileprivate var signOfLife: ByteBuffer {
    switch self {
    case .json: ByteBuffer(string: " ")
    case .events: ServerSentEvents.ping
    }
  }

  fileprivate func last(_ error: APIError) -> ByteBuffer {
    switch self {
    case .json: ByteBuffer(json: error.json)
    case .events: ServerSentEvents.event(error.json)
    }
  }
}
