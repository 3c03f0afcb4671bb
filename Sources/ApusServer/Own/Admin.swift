internal import ApusJSON
internal import Hummingbird

/// What only operators see.
struct Admin: Sendable {
  let service: ModelService

  var routes: [Route] {
    [
      Route(.get, "/admin/usage", Routes.standardDialect, access: .admin) { _, _ in Response(json: usage) }
        .described(.usage)
    ]
  }

  /// `GET /admin/usage`: what the clients of each key have used since the start, and what it costs.
  private var usage: JSONValue {
    let accounts = service.ledger.list
    let cost = service.cost()
    let time = accounts.reduce(Duration.zero) { $0 + $1.account.work.time }
    var total = UsageLedger.Account()
    for (_, account) in accounts { total.add(account) }
    let keys = accounts.map { key, account -> JSONValue in
      // A key pays its part of the time in which engines computed.
      let share = time > .zero ? account.work.time / time : 0
      return Self.json(account, key: key, dollars: cost.map { $0.dollars(.busy) * share })
    }
    return [
      "object": "usage", "since": .int(service.started), "keys": .array(keys),
      "total": Self.json(total, key: nil, dollars: cost?.dollars(.busy)), "cost": cost?.json ?? .null,
    ]
  }

  private static func json(_ account: UsageLedger.Account, key: String?, dollars: Double?) -> JSONValue {
    let work = account.work
    return [
      "key": key.map { .string($0) } ?? .null, "requests": .int(account.requests),
      "refusals": .int(account.refusals), "prompt_tokens": .int(work.promptTokens),
      "cached_prompt_tokens": .int(work.cachedTokens), "completion_tokens": .int(work.completionTokens),
      "seconds": .double(work.time / .seconds(1)), "dollars": dollars.map { .double($0) } ?? .null,
    ]
  }
}
