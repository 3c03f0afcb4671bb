internal import ApusJSON
internal import HTTPTypes
internal import Logging
internal import NIOCore

/// Invocations that are answered later: those that wait, and those that are worked on.
///
/// They are in memory: what waits when the server ends has failed, which their clients find where failures are written.
/// What is lost is what waited when the server was killed.
actor LaterDesk {
  private let settings: LaterInvocations
  /// Bytes that a request may have.
  private let byteCount: Int
  /// How many are worked on together.
  private let together: Int
  private let logger: Logger
  /// Those that wait, in the order in which they came or came back, and from when on each may be worked on.
  private var waiting: [(invocation: LaterInvocation, from: ContinuousClock.Instant)] = []
  private var running = 0
  /// How many are told, as the server ends, that they have failed.
  private var failing = 0
  private var isClosed = false
  private var client: OwnClient?
  /// Begins the next one whose time comes.
  private var timer: Task<Void, any Error>?
  private var idleWaiters: [CheckedContinuation<Void, Never>] = []

  init(_ settings: LaterInvocations, byteCount: Int, together: Int, _ logger: Logger) {
    (self.settings, self.byteCount, self.together, self.logger) = (settings, byteCount, together, logger)
  }

  /// Works on invocations from now on.
  func begin(_ client: OwnClient) {
    self.client = client
    goOn()
  }

  /// Takes one more; throws where as many wait as may, or the server ends.
  func add(_ invocation: LaterInvocation) throws(Refusal) {
    guard !isClosed else { throw .shuttingDown }
    let own = waiting.count { $0.invocation.key?.owner == invocation.key?.owner }
    guard waiting.count < settings.waiting, invocation.key == nil || own < settings.waitingPerClient else {
      throw .queueFull(retryAfter: 60)
    }
    waiting.append((invocation, .now))
    goOn()
  }

  /// Takes no more: what waits has failed, what is worked on may end.
  ///
  /// Returns when all that is written, however often it is called; the writing goes on where the caller is cancelled.
  func close() async {
    isClosed = true
    timer?.cancel()
    failWaiting()
    guard running + failing > 0 else { return }
    await withCheckedContinuation { idleWaiters.append($0) }
  }

  /// Works on what waits and may be worked on now, as far as there are places for it.
  private func goOn() {
    guard let client, !isClosed else { return }
    while running < together, let index = waiting.firstIndex(where: { $0.from <= .now }) {
      let invocation = waiting.remove(at: index).invocation
      running += 1
      Task {
        await work(on: invocation, client)
        running -= 1
        goOn()
        endIfIdle()
      }
    }
    awaitNext()
  }

  /// Goes on when the time of one has come for which there is a place.
  private func awaitNext() {
    timer?.cancel()
    guard running < together, let next = waiting.map({ $0.from }).min() else { return }
    timer = Task { [weak self] in
      try await pause(for: ContinuousClock.now.duration(to: next))
      await self?.goOn()
    }
  }

  /// Tells those that wait that the server ends, a few at a time; what is worked on takes none of their places.
  private func failWaiting() {
    while failing < together, !waiting.isEmpty {
      let invocation = waiting.removeFirst().invocation
      failing += 1
      Task {
        await fail(invocation, .shuttingDown)
        failing -= 1
        failWaiting()
        endIfIdle()
      }
    }
  }

  private func endIfIdle() {
    guard running + failing == 0 else { return }
    for waiter in idleWaiters { waiter.resume() }
    idleWaiters = []
  }

  /// Reads a request, has it answered, and writes the answer.
  private func work(on invocation: LaterInvocation, _ client: OwnClient) async {
    guard ContinuousClock.now < invocation.expiry else { return await fail(invocation, .waitedTooLong) }
    let body: [UInt8]
    do throws(ObjectError) {
      body = try await settings.storage.object(at: invocation.input, upTo: byteCount)
    } catch {
      return await fail(invocation, Refusal(.invalid, "the request could not be read from InputLocation: \(error)"))
    }
    switch await answer(invocation, ByteBuffer(bytes: body), client) {
    case .failed(let refusal): await fail(invocation, refusal)
    case .mustWait(let seconds): await putBack(invocation, for: seconds)
    case .answered(let answer):
      await write(
        answer.body, at: answer.isGood ? invocation.output : invocation.failure, of: invocation,
        answer.headers[.contentType] ?? "application/json")
    }
  }

  /// What became of an invocation.
  private enum End {
    case answered(OwnClient.Answer)
    case failed(Refusal)
    /// A limit of its key's, or memory, leaves no room for so many seconds: those of other keys may come first.
    case mustWait(seconds: Int)
  }

  /// Lets an invocation wait behind those that came since.
  ///
  /// The others of its key wait as long, as each would be read in vain; not beyond the end of their own time.
  private func putBack(_ invocation: LaterInvocation, for seconds: Int) async {
    guard !isClosed else { return await fail(invocation, .shuttingDown) }
    let end = ContinuousClock.now + .seconds(seconds)
    guard end < invocation.expiry else { return await fail(invocation, .waitedTooLong) }
    for index in waiting.indices where waiting[index].invocation.key?.owner == invocation.key?.owner {
      waiting[index].from = max(waiting[index].from, min(end, waiting[index].invocation.expiry))
    }
    waiting.append((invocation, end))
  }

  /// The answer, where there is room for it; why there is none.
  private func answer(_ invocation: LaterInvocation, _ body: ByteBuffer, _ client: OwnClient) async -> End {
    let presence = ClientPresence()
    let timer = Task {
      try await pause(for: invocation.timeout)
      presence.leave(.deadline)
    }
    defer { timer.cancel() }
    let answer = await client.post(invocation.path, invocation.headers, body, presence) { () throws(Refusal) in
      try Self.key(of: invocation, client.service)
    }
    guard presence.departure == nil else { return .failed(.tookTooLong) }
    return answer.wait.map { .mustWait(seconds: min($0, 60)) } ?? .answered(answer)
  }

  /// The key of an invocation, as it is now.
  private static func key(of invocation: LaterInvocation, _ service: ModelService) throws(Refusal) -> APIKey? {
    guard let key = invocation.key, invocation.isKeyListed else { return invocation.key }
    guard let current = service.keys.ring().keys.first(where: { $0.owner == key.owner }) else { throw .unauthorized }
    guard current.expiry.map({ service.configuration.unixTime() < $0 }) ?? true else { throw .expiredKey }
    return current
  }

  private func fail(_ invocation: LaterInvocation, _ refusal: Refusal) async {
    let body = SageMakerDialect(isLater: true).error(refusal).body.serialized(.compact)
    await write(body, at: invocation.failure, of: invocation, "application/json")
  }

  private func write(
    _ bytes: [UInt8], at place: ObjectPlace, of invocation: LaterInvocation, _ contentType: String
  ) async {
    do throws(ObjectError) {
      try await settings.storage.put(bytes, at: place, contentType: contentType)
    } catch {
      logger.error(
        "the answer to an invocation could not be written, and is lost",
        metadata: ["place": "\(place)", "error": "\(error)"])
    }
  }
}

extension Refusal {
  fileprivate static let waitedTooLong = Refusal(
    .queueTimeout, "the invocation waited for longer than its RequestTTLSeconds")
  fileprivate static let tookTooLong = Refusal(
    .deadlineExceeded, "the invocation was worked on for longer than its InvocationTimeoutSeconds")
}
