internal import ApusJSON
internal import HTTPTypes
internal import Hummingbird

/// An answer that is sent as a whole once it is there, and shows signs of life until then.
///
/// An answer that is ready before the first heartbeat is an ordinary response, with whatever status it deserves. A
/// later one has been begun as 200 and white space, which JSON allows before a value, so that no client or load balancer
/// gives up; if it fails then, the error stands in the body, and the connection closes before the body's end, so that no
/// client takes it for an answer.
final class PendingAnswer: Sendable {
  private let work: Task<JSONValue, any Error>
  private let beats: AsyncStream<Void>

  /// Starts the work; it is cancelled when this object goes.
  init(heartbeat: Heartbeat, _ produce: @escaping @Sendable () async throws -> JSONValue) {
    let (beats, continuation) = AsyncStream.makeStream(of: Void.self, bufferingPolicy: .bufferingNewest(1))
    self.beats = beats
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

  /// The response; waits until the answer is there or the first heartbeat is due.
  func response() async throws -> Response {
    let isReady = await withTaskCancellationHandler {
      var iterator = beats.makeAsyncIterator()
      return await iterator.next() == nil
    } onCancel: {
      work.cancel()
    }
    let body =
      if isReady { ResponseBody(byteBuffer: ByteBuffer(json: try await work.value)) } else { lateBody }
    return Response(status: .ok, headers: [.contentType: "application/json"], body: body)
  }

  private var lateBody: ResponseBody {
    ResponseBody { [self] writer in
      let space = ByteBuffer(string: " ")
      try await writer.write(space)
      for await _ in beats { try await writer.write(space) }
      do {
        try await writer.write(ByteBuffer(json: try await work.value))
      } catch {
        if let refusal = APIError(known: error) { try await writer.write(ByteBuffer(json: refusal.json)) }
        throw error
      }
      try await writer.finish(nil)
    }
  }
}
