internal import Synchronization

/// What each client has used; nothing is ever forgotten, as operators make the keys.
///
/// A store may keep the counts: of this server's earlier runs, and of other servers. Then it has what was sent there,
/// and what came since is here alone.
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

  /// Accounts by the names of their keys; nil is whoever needs no key.
  typealias Accounts = [String?: Account]

  private struct State {
    /// What was used since this server started.
    var own: Accounts = [:]
    /// What the store had when it was read last.
    var kept: Accounts = [:]
    var keptSince: Int?
    /// What is on its way to the store, and may be there.
    var sent: Accounts = [:]
    /// How many such parcels there were.
    var number = 0
    /// What is here alone.
    var new: Accounts = [:]
  }

  private let state = Mutex(State())

  /// Takes note of a request that has ended.
  func note(_ work: Work, of key: String?, isRefused: Bool) {
    let account = Account(requests: 1, refusals: isRefused ? 1 : 0, work: work)
    state.withLock { state in
      state.own[key, default: Account()].add(account)
      state.new[key, default: Account()].add(account)
    }
  }

  /// All accounts, the one without a key first: of all servers of the store, as far as they are known here.
  var list: [(key: String?, account: Account)] {
    state.withLock { state in
      var all = state.kept
      for part in [state.sent, state.new] { all.add(part) }
      return all
    }.map { ($0.key, $0.value) }.sorted { ($0.0 ?? "") < ($1.0 ?? "") }
  }

  /// What was used since this server started.
  var own: Accounts { state.withLock { $0.own } }

  /// From when on the store has counted; nil where nothing was read from it.
  var keptSince: Int? { state.withLock { $0.keptSince } }

  /// Whether anything is here alone.
  var hasNews: Bool { state.withLock { !$0.new.isEmpty } }

  /// What is to be added to the store's counts, and the number of that parcel.
  ///
  /// As long as nobody has said that it is there, it is the same one.
  func parcel() -> (accounts: Accounts, number: Int) {
    state.withLock { state in
      if state.sent.isEmpty, !state.new.isEmpty {
        (state.sent, state.new) = (state.new, [:])
        state.number += 1
      }
      return (state.sent, state.number)
    }
  }

  /// The store has the last parcel, and these counts in all.
  func settle(_ kept: Accounts, since time: Int) {
    state.withLock { state in
      (state.kept, state.keptSince, state.sent) = (kept, time, [:])
    }
  }
}

extension UsageLedger.Accounts {
  mutating func add(_ others: UsageLedger.Accounts) {
    for (key, account) in others { self[key, default: UsageLedger.Account()].add(account) }
  }
}
