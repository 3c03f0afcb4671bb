internal import Crypto
internal import HTTPTypes
internal import Hummingbird
internal import Synchronization

/// One try of a call by an SDK of AWS, which has an id that all tries of the call share.
struct Attempt: Sendable {
  let id: String
  /// Whether another try may follow this one.
  let mayComeAgain: Bool

  /// Reads `amz-sdk-invocation-id` and `amz-sdk-request`, such as `attempt=1; max=4`; nil where there is no id.
  init?(_ request: Request) {
    guard let name = HTTPField.Name("amz-sdk-invocation-id"), let id = request.headers[name],
      (1...128).contains(id.utf8.count)
    else { return nil }
    self.id = id
    let parts = HTTPField.Name("amz-sdk-request").flatMap { request.headers[$0] }?.split(separator: ";") ?? []
    func number(_ name: String) -> Int? {
      parts.lazy.map { $0.drop { $0 == " " } }.first { $0.hasPrefix(name) }.flatMap { Int($0.dropFirst(name.count)) }
    }
    // The first try of some clients says nothing of how many there may be.
    mayComeAgain = number("max=").map { number("attempt=") ?? 1 < $0 } ?? true
  }
}

/// What the tries of one call have in common: who asks, where, the id, and the very same body.
struct JoinKey: Sendable, Hashable {
  private let owner: String
  private let path: String
  private let id: String
  private let digest: [UInt8]

  /// Hashes the body, which takes time with its length.
  init(_ attempt: Attempt, owner: String, _ request: Request, body: [UInt8]) {
    (self.owner, id, path) = (owner, attempt.id, request.uri.path)
    digest = Array(SHA256.hash(data: body))
  }
}

/// Answers for which the tries of one call wait together, so that none is computed twice.
///
/// A client that has waited too long leaves and tries again. Its answer goes on for a moment; if the next try comes within
/// it, it gets that answer, also where that has ended meanwhile. Else the work ends as if there had been one client.
///
/// An answer that was given is kept as long: it may have been written to a connection that its client had just closed.
final class JoinedAnswers: Sendable {
  private struct Joint {
    let number: Int
    let answer: Task<Response, any Error>
    /// How the request ended that began it.
    let outcome: RequestOutcome
    /// Gone when nobody waits any more.
    let presence: ClientPresence
    var waiting = 1
    var mayComeAgain: Bool
    /// Whether it was written to a connection.
    var wasGiven = false
    var timer: Task<Void, any Error>?
  }

  private struct State {
    var joints: [JoinKey: Joint] = [:]
    var count = 0

    /// Forgets the oldest of the answers that were given, if there are more than `limit`.
    mutating func dropOldGiven(beyond limit: Int) {
      let given = joints.filter { $0.value.waiting == 0 && $0.value.wasGiven }
      guard given.count > limit, let oldest = given.min(by: { $0.value.number < $1.value.number }) else { return }
      joints.removeValue(forKey: oldest.key)?.timer?.cancel()
    }
  }

  /// Answers that are kept track of at once; what comes beyond is computed by itself.
  private static let limit = 256
  /// Answers among them that were given, and that nobody waits for.
  private static let givenLimit = 16
  private let grace: Duration
  private let state = Mutex(State())

  /// Lets an answer go on for so long when its last client has left.
  init(grace: Duration) { self.grace = grace }

  /// The answer to a try: that of an earlier one, or what `produce` makes for a client that stays as long as anyone waits.
  ///
  /// Nil where there is no room, and the try has to be answered by itself.
  func answer(
    _ key: JoinKey, _ attempt: Attempt, for context: APIRequestContext,
    _ produce: @escaping @Sendable (ClientPresence) async throws -> Response
  ) -> JoinedWait? {
    let found = state.withLock { state -> Joint? in
      if var joint = state.joints[key] {
        joint.waiting += 1
        joint.mayComeAgain = attempt.mayComeAgain
        joint.timer.take()?.cancel()
        state.joints[key] = joint
        return joint
      }
      guard state.joints.count < Self.limit else { return nil }
      state.count += 1
      let (number, presence) = (state.count, ClientPresence())
      let answer = Task {
        do {
          return try await produce(presence)
        } catch {
          failed(key, number)
          throw error
        }
      }
      let joint = Joint(
        number: number, answer: answer, outcome: context.outcome, presence: presence,
        mayComeAgain: attempt.mayComeAgain)
      state.joints[key] = joint
      return joint
    }
    guard let found else { return nil }
    return JoinedWait(found.answer, found.outcome, context.client) { [weak self] wasGiven in
      self?.leave(key, found.number, wasGiven)
    }
  }

  /// The work has failed: the next try begins anew.
  private func failed(_ key: JoinKey, _ number: Int) {
    state.withLock { state in
      guard state.joints[key]?.number == number else { return }
      state.joints.removeValue(forKey: key)?.timer?.cancel()
    }
  }

  /// One of those who waited does so no more.
  private func leave(_ key: JoinKey, _ number: Int, _ wasGiven: Bool) {
    let gone = state.withLock { state -> ClientPresence? in
      guard var joint = state.joints[key], joint.number == number else { return nil }
      joint.waiting -= 1
      joint.wasGiven = joint.wasGiven || wasGiven
      let isOver = joint.waiting == 0 && (!joint.mayComeAgain || grace == .zero)
      if joint.waiting == 0, !isOver {
        joint.timer = Task { [grace] in
          try await pause(for: grace)
          giveUp(key, number)
        }
      }
      state.joints[key] = isOver ? nil : joint
      state.dropOldGiven(beyond: Self.givenLimit)
      return isOver ? joint.presence : nil
    }
    gone?.leave(.clientLeft)
  }

  private func giveUp(_ key: JoinKey, _ number: Int) {
    let presence = state.withLock { state -> ClientPresence? in
      guard let joint = state.joints[key], joint.number == number, joint.waiting == 0 else { return nil }
      state.joints[key] = nil
      return joint.presence
    }
    presence?.leave(.clientLeft)
  }
}

/// One client's wait for an answer that others may wait for, too.
final class JoinedWait: Sendable {
  /// How the request ended that began the answer.
  let outcome: RequestOutcome
  private let answer: Task<Response, any Error>
  private let leave: @Sendable (_ wasGiven: Bool) -> Void
  private let hasLeft = Atomic(false)
  private let watch = Mutex<PresenceWatch?>(nil)

  fileprivate init(
    _ answer: Task<Response, any Error>, _ outcome: RequestOutcome, _ client: ClientPresence?,
    leave: @escaping @Sendable (Bool) -> Void
  ) {
    (self.answer, self.outcome, self.leave) = (answer, outcome, leave)
    let watch = client?.whenGone { [weak self] _ in self?.end(wasGiven: false) }
    self.watch.withLock { $0 = watch }
  }

  deinit { end(wasGiven: false) }

  /// The answer, when it is there.
  func response() async throws -> Response {
    let response = try await answer.value
    end(wasGiven: true)
    return response
  }

  private func end(wasGiven: Bool) {
    guard !hasLeft.exchange(true, ordering: .relaxed) else { return }
    leave(wasGiven)
  }
}
