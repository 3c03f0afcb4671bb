/// Who is counted: a key by its name, or an address.
package enum UsageClient: Sendable, Hashable {
  case key(String)
  case address(ClientAddress)
}

/// What a client has too much of.
package enum UsageExcess: Sendable, Equatable {
  /// Requests of the last minute; one more is taken after this time.
  case requests(wait: Duration)
  /// Tokens of the last minute.
  case tokens(wait: Duration)
  /// Requests at the same time.
  case concurrent
}

/// Why a request is not taken now.
package struct UsageRefusal: Error, Sendable, Equatable {
  package let client: UsageClient
  package let excess: UsageExcess

  package init(client: UsageClient, excess: UsageExcess) { (self.client, self.excess) = (client, excess) }
}

/// How much of the server each client has used, and whether it may have more; a value without a clock.
///
/// Requests and tokens flow back evenly, as many in a minute as the limit says, and up to the limit can be saved up. What a
/// request takes in tokens is known only when it ends, so a client may owe some; then it waits until it has paid them back.
/// Of clients that ask for nothing, the ones seen least recently are forgotten where there are too many: they have saved up
/// everything by then, or there were more addresses in a minute than are kept.
package struct UsageMeter: Sendable {
  private struct Account {
    /// Used and not flowed back, as of `seen`.
    var requests = 0.0
    var tokens = 0.0
    var running = 0
    var seen: Duration
  }

  private var accounts: [UsageClient: Account] = [:]
  private let accountLimit: Int

  /// Remembers so many clients that ask for nothing, at least.
  package init(accountLimit: Int = 10_000) { self.accountLimit = accountLimit }

  /// Clients that are remembered.
  package var accountCount: Int { accounts.count }

  /// Takes note of a request, where all of its clients may send it; throws the first excess, and then notes nothing.
  ///
  /// `now` is the time since some beginning. What was begun must be ended.
  package mutating func begin(
    _ clients: [(client: UsageClient, limits: UsageLimits)], at now: Duration
  ) throws(UsageRefusal) {
    var begun: [(UsageClient, Account)] = []
    for (client, limits) in clients {
      var account = settled(client, limits, at: now)
      if let excess = Self.excess(of: account, limits) { throw UsageRefusal(client: client, excess: excess) }
      account.requests += 1
      account.running += 1
      begun.append((client, account))
    }
    for (client, account) in begun { accounts[client] = account }
    if accounts.count >= 2 * accountLimit { forget() }
  }

  /// Notes tokens that a request of these clients has used.
  package mutating func charge(
    _ tokens: Int, to clients: [(client: UsageClient, limits: UsageLimits)], at now: Duration
  ) {
    for (client, limits) in clients {
      var account = settled(client, limits, at: now)
      account.tokens += Double(max(0, tokens))
      accounts[client] = account
    }
  }

  /// A request of these clients has ended.
  package mutating func end(_ clients: [UsageClient]) {
    for client in clients { accounts[client]?.running -= 1 }
  }

  /// A client's account as it stands now: what has flowed back since it was seen is gone.
  private func settled(_ client: UsageClient, _ limits: UsageLimits, at now: Duration) -> Account {
    guard var account = accounts[client] else { return Account(seen: now) }
    let minutes = max(0, (now - account.seen) / .seconds(60))
    // What is not limited is not counted.
    account.requests = limits.requestsPerMinute.map { max(0, account.requests - minutes * Double($0)) } ?? 0
    account.tokens = limits.tokensPerMinute.map { max(0, account.tokens - minutes * Double($0)) } ?? 0
    account.seen = max(account.seen, now)
    return account
  }

  private static func excess(of account: Account, _ limits: UsageLimits) -> UsageExcess? {
    if let limit = limits.concurrent, account.running >= limit { return .concurrent }
    if let limit = limits.requestsPerMinute, account.requests + 1 > Double(limit) {
      return .requests(wait: .seconds(60) * ((account.requests + 1 - Double(limit)) / Double(limit)))
    }
    if let limit = limits.tokensPerMinute, account.tokens + 1 > Double(limit) {
      return .tokens(wait: .seconds(60) * ((account.tokens + 1 - Double(limit)) / Double(limit)))
    }
    return nil
  }

  private mutating func forget() {
    let idle = accounts.filter { $0.value.running == 0 }.sorted { $0.value.seen > $1.value.seen }
    for (client, _) in idle.dropFirst(accountLimit) { accounts[client] = nil }
  }
}
