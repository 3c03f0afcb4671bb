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
  private var waiting: [LaterInvocation] = []
  private var running = 0
  private var isClosed = false
  private var client: OwnClient?
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
    let own = waiting.count { $0.key?.owner == invocation.key?.owner }
    guard waiting.count < settings.waiting, invocation.key == nil || own < settings.waitingPerClient else {
      throw .queueFull(retryAfter: 60)
    }
    waiting.append(invocation)
    goOn()
  }

  /// Takes no more: what waits has failed, what is worked on may end.
  ///
  /// Returns when all that is written.
  func close() async {
    isClosed = true
    let left = waiting
    waiting = []
    for invocation in left { await fail(invocation, .shuttingDown) }
    guard running > 0 else { return }
    await withCheckedContinuation { idleWaiters.append($0) }
  }

  private func goOn() {
    guard let client else { return }
    while running < together, !waiting.isEmpty {
      let invocation = waiting.removeFirst()
      running += 1
      Task {
        await work(on: invocation, client)
        end()
      }
    }
  }

  private func end() {
    running -= 1
    goOn()
    guard running == 0 else { return }
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
    case .failure(let refusal): await fail(invocation, refusal)
    case .success(let answer):
      let isGood = (200..<300).contains(answer.status)
      await write(
        answer.body, at: isGood ? invocation.output : invocation.failure, of: invocation,
        answer.headers[.contentType] ?? "application/json")
    }
  }

  /// The answer, when there is room for it; why there is none.
  private func answer(
    _ invocation: LaterInvocation, _ body: ByteBuffer, _ client: OwnClient
  ) async -> Result<OwnClient.Answer, Refusal> {
    while true {
      let presence = ClientPresence()
      let timer = Task {
        try await pause(for: invocation.timeout)
        presence.leave(.deadline)
      }
      defer { timer.cancel() }
      let answer = await client.post(invocation.path, invocation.headers, body, presence) { () throws(Refusal) in
        try Self.key(of: invocation, client.service)
      }
      guard presence.departure == nil else { return .failure(.tookTooLong) }
      guard let wait = answer.wait else { return .success(answer) }
      guard !isClosed else { return .failure(.shuttingDown) }
      let end = ContinuousClock.now + .seconds(min(wait, 60))
      guard end < invocation.expiry else { return .failure(.waitedTooLong) }
      try? await pause(for: .seconds(min(wait, 60)))
    }
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
