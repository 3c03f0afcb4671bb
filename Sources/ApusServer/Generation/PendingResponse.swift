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
  private let heartbeat: Heartbeat
  private let work: Task<Value, any Error>
  private let beats: AsyncStream<Void>
  private let respond: @Sendable (Value) async throws -> Response

  /// Starts to produce what `respond` makes a response of; that is cancelled when this object goes.
  init(
    _ form: LateForm, _ heartbeat: Heartbeat, _ produce: @escaping @Sendable () async throws -> Value,
    respond: @escaping @Sendable (Value) async throws -> Response
  ) {
    self.form = form
    self.heartbeat = heartbeat
    self.respond = respond
    (work, beats) = heartbeat.during(produce)
  }

  deinit { work.cancel() }

  /// The response; waits until it can be given or the first heartbeat is due.
  func response() async throws -> Response {
    guard let sign = form.signOfLife.map({ ByteBuffer(bytes: $0) }) else {
      return try await withTaskCancellationHandler {
        try await respond(try await work.value)
      } onCancel: {
        work.cancel()
      }
    }
    let isReady = await withTaskCancellationHandler {
      var iterator = beats.makeAsyncIterator()
      return await iterator.next() == nil
    } onCancel: {
      work.cancel()
    }
    if isReady { return try await respond(try await work.value) }
    return Response(status: .ok, headers: form.headers, body: lateBody(sign))
  }

  private func lateBody(_ sign: ByteBuffer) -> ResponseBody {
    ResponseBody { [self] writer in
      try await writer.write(sign)
      for await _ in beats { try await writer.write(sign) }
      // Making a response of it can take long, too.
      let (response, laterBeats) = heartbeat.during { [work, respond] in try await respond(try await work.value) }
      defer { response.cancel() }
      for await _ in laterBeats { try await writer.write(sign) }
      let made: Response
      do {
        made = try await response.value
      } catch {
        if let refusal = Refusal(known: error) { try await writer.write(ByteBuffer(bytes: form.ending(refusal))) }
        throw error
      }
      try await made.body.write(writer)
    }
  }
}

/// What a response that was begun before it could be given is made of.
struct LateForm: Sendable {
  static let jsonHeaders: HTTPFields = [.contentType: "application/json"]

  let headers: HTTPFields
  /// What is sent while nothing else is; nil where nothing may be, so that the response is not begun before its time.
  let signOfLife: [UInt8]?
  /// The end of a response that fails.
  ///
  /// The connection closes behind it, in the middle of the body, so that no client takes the error for an answer.
  let ending: @Sendable (Refusal) -> [UInt8]

  /// White space and JSON, which may begin with it; or what the dialect's streams are made of.
  init(_ dialect: any Dialect, isStreamed: Bool, _ context: APIRequestContext) {
    let requestID = context.requestID
    headers = isStreamed ? dialect.streamHeaders : Self.jsonHeaders
    signOfLife = !context.showsLife ? nil : isStreamed ? dialect.signOfLife : [0x20]
    ending = { refusal in
      let refusal = refusal.of(requestID)
      return isStreamed ? dialect.ending(with: refusal) : dialect.error(refusal).body.serialized(.compact)
    }
  }
}
