internal import ApusJSON
internal import Hummingbird

/// What only operators see.
struct Admin: Sendable {
  let service: ModelService

  var routes: [Route] {
    [
      Route(.get, "/admin/usage", Routes.standardDialect, access: .admin) { _, _ in Response(json: await usage()) }
        .described(.usage)
    ]
  }

  /// `GET /admin/usage`: what the clients of each key have used, and what that costs.
  private func usage() async -> JSONValue {
    let isKept = await service.usageKeeper.keep()
    let (accounts, own) = (service.ledger.list, service.ledger.own)
    let cost = service.cost()
    let time = own.values.reduce(Duration.zero) { $0 + $1.work.time }
    var total = UsageLedger.Account()
    for (_, account) in accounts { total.add(account) }
    let keys = accounts.map { key, account -> JSONValue in
      // A key pays its part of the time in which this server's engines computed.
      let share = time > .zero ? (own[key]?.work.time ?? .zero) / time : 0
      return Self.json(account, key: key, dollars: cost.map { $0.dollars(.busy) * share })
    }
    return [
      "object": "usage", "since": .int(service.ledger.keptSince ?? service.started),
      "started": .int(service.started), "kept": .bool(isKept), "keys": .array(keys),
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
