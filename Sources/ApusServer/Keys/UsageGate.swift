internal import Synchronization

/// Takes requests of clients within their limits, and counts what they use.
final class UsageGate: Sendable {
  private let meter = Mutex(UsageMeter())
  private let addressLimits: UsageLimits
  private let start = ContinuousClock.now

  /// Every address has these limits, whoever asks from there.
  init(addressLimits: UsageLimits) { self.addressLimits = addressLimits }

  /// Takes a request, sent with `key` from `address`; throws where one of them has too much already.
  ///
  /// What it uses is told to `outcome`, too.
  func admit(
    _ key: APIKey?, at address: ClientAddress?, _ outcome: RequestOutcome
  ) throws(UsageRefusal) -> UsagePermit {
    var clients: [(client: UsageClient, limits: UsageLimits)] = []
    if let address { clients.append((.address(address), addressLimits)) }
    if let key { clients.append((.key(key.name), key.limits)) }
    clients.removeAll { $0.limits == UsageLimits() }
    let now = ContinuousClock.now - start
    try meter.withLock { meter throws(UsageRefusal) in try meter.begin(clients, at: now) }
    return UsagePermit(self, clients, outcome)
  }

  fileprivate func charge(_ tokens: Int, to clients: [(client: UsageClient, limits: UsageLimits)]) {
    let now = ContinuousClock.now - start
    meter.withLock { $0.charge(tokens, to: clients, at: now) }
  }

  fileprivate func end(_ clients: [UsageClient]) { meter.withLock { $0.end(clients) } }
}

/// One request of clients that are counted; it ends when it is told so, or when the last reference is gone.
final class UsagePermit: Sendable {
  private let gate: UsageGate
  private let clients: [(client: UsageClient, limits: UsageLimits)]
  private let outcome: RequestOutcome
  private let hasEnded = Atomic(false)

  fileprivate init(
    _ gate: UsageGate, _ clients: [(client: UsageClient, limits: UsageLimits)], _ outcome: RequestOutcome
  ) {
    (self.gate, self.clients, self.outcome) = (gate, clients, outcome)
  }

  /// Notes tokens of its prompts and completions, as they are processed.
  func charge(promptTokens: Int = 0, completionTokens: Int = 0) {
    outcome.count(Work(promptTokens: promptTokens, completionTokens: completionTokens))
    if !clients.isEmpty { gate.charge(promptTokens + completionTokens, to: clients) }
  }

  /// Notes what is known only when a part of it has ended: prompt tokens that were not computed, and the time it took.
  func note(cachedTokens: Int = 0, time: Duration) { outcome.count(Work(cachedTokens: cachedTokens, time: time)) }

  /// It takes no place beside others of its clients any more.
  func end() {
    guard !hasEnded.exchange(true, ordering: .relaxed), !clients.isEmpty else { return }
    gate.end(clients.map(\.client))
  }

  deinit { end() }
}

extension UsageRefusal {
  /// Seconds until the request would be taken, rounded up; nil where nobody knows.
  var seconds: Int? {
    switch excess {
    case .requests(let wait), .tokens(let wait): max(1, Int((wait / .seconds(1)).rounded(.up)))
    case .concurrent: nil
    }
  }
}
