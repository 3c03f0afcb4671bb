internal import Synchronization

/// What each client has used since the server started; nothing is ever forgotten, as operators make the keys.
final class UsageLedger: Sendable {
  /// What the requests of one client were.
  struct Account: Sendable, Equatable {
    /// Requests with a body, those that were refused included.
    var requests = 0
    /// Those that were answered with an error.
    var refusals = 0
    var work = Work()

    mutating func add(_ other: Account) {
      requests += other.requests
      refusals += other.refusals
      work.add(other.work)
    }
  }

  private let accounts = Mutex<[String?: Account]>([:])

  /// Takes note of a request that has ended; nil is whoever needs no key.
  func note(_ work: Work, of key: String?, isRefused: Bool) {
    let account = Account(requests: 1, refusals: isRefused ? 1 : 0, work: work)
    accounts.withLock { $0[key, default: Account()].add(account) }
  }

  /// All accounts by the names of their keys, the one without a key first.
  var list: [(key: String?, account: Account)] {
    accounts.withLock { $0 }.map { ($0.key, $0.value) }.sorted { ($0.0 ?? "") < ($1.0 ?? "") }
  }
}
