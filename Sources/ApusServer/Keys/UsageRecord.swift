internal import Foundation

/// The counts that a store keeps, of all servers that share it.
///
/// Each server adds its own. It numbers what it adds, and the record knows the last number of each: what may have come
/// in although an error was told can be sent again, and counts once.
struct UsageRecord: Codable, Sendable {
  private struct Entry: Codable {
    /// Nil for clients without a key.
    let key: String?
    let requests: Int
    let refusals: Int
    let promptTokens: Int
    let cachedTokens: Int
    let completionTokens: Int
    let seconds: Double

    /// Whether these can be added up without an overflow, as all numbers that are real.
    var isSound: Bool {
      [requests, refusals, promptTokens, cachedTokens, completionTokens].allSatisfy { (0...1 << 45).contains($0) }
        && (0...1e12).contains(seconds)
    }
  }

  private struct Writer: Codable {
    let number: Int
    /// Seconds since 1970 when it last added something.
    let time: Int
  }

  /// A server that has added nothing for so many seconds sends nothing again.
  private static let memory = 7 * 86_400

  /// Seconds since 1970 when the first server began to count.
  private(set) var since: Int
  private var entries: [Entry] = []
  private var writers: [String: Writer] = [:]

  init(since time: Int) { since = time }

  /// Nil where the bytes are no such record.
  init?(_ bytes: [UInt8]) {
    guard let record = try? JSONDecoder().decode(UsageRecord.self, from: Data(bytes)),
      record.entries.allSatisfy(\.isSound)
    else { return nil }
    self = record
  }

  /// Nil where a number has no JSON.
  var bytes: [UInt8]? {
    let encoder = JSONEncoder()
    encoder.outputFormatting = .sortedKeys
    return (try? encoder.encode(self)).map { Array($0) }
  }

  var accounts: UsageLedger.Accounts {
    entries.reduce(into: [:]) { accounts, entry in
      var account = UsageLedger.Account(requests: entry.requests, refusals: entry.refusals)
      account.work = Work(
        promptTokens: entry.promptTokens, cachedTokens: entry.cachedTokens, completionTokens: entry.completionTokens,
        time: .seconds(entry.seconds))
      accounts[entry.key, default: UsageLedger.Account()].add(account)
    }
  }

  /// Adds a server's parcel; false where that was done already.
  mutating func add(_ more: UsageLedger.Accounts, number: Int, of writer: String, at time: Int) -> Bool {
    guard writers[writer].map({ $0.number < number }) ?? true else { return false }
    var all = accounts
    all.add(more)
    entries = all.sorted { ($0.key ?? "") < ($1.key ?? "") }.map { key, account in
      let work = account.work
      return Entry(
        key: key, requests: account.requests, refusals: account.refusals, promptTokens: work.promptTokens,
        cachedTokens: work.cachedTokens, completionTokens: work.completionTokens, seconds: work.time / .seconds(1))
    }
    writers = writers.filter { $0.value.time > time - Self.memory }
    writers[writer] = Writer(number: number, time: time)
    return true
  }
}
