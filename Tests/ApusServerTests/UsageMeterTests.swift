internal import ApusServer
internal import Testing

struct UsageMeterTests {
  private typealias Clients = [(client: UsageClient, limits: UsageLimits)]

  private func client(_ limits: UsageLimits, _ name: String = "a") -> (client: UsageClient, limits: UsageLimits) {
    (.key(name), limits)
  }

  private func excess(_ meter: inout UsageMeter, _ clients: Clients, at now: Duration) -> UsageExcess? {
    do throws(UsageRefusal) {
      try meter.begin(clients, at: now)
      return nil
    } catch {
      return error.excess
    }
  }

  @Test func `Requests flow back evenly, and a refusal says how long one more takes`() {
    var meter = UsageMeter()
    let clients = [client(UsageLimits(requestsPerMinute: 3))]
    for _ in 0..<3 { #expect(excess(&meter, clients, at: .seconds(5)) == nil) }
    #expect(excess(&meter, clients, at: .seconds(5)) == .requests(wait: .seconds(20)))
    #expect(excess(&meter, clients, at: .seconds(20)) == .requests(wait: .seconds(5)))
    #expect(excess(&meter, clients, at: .seconds(25)) == nil)
    #expect(excess(&meter, clients, at: .seconds(25)) == .requests(wait: .seconds(20)))
    // Not more than the limit is saved up.
    for _ in 0..<3 { #expect(excess(&meter, clients, at: .seconds(9000)) == nil) }
    #expect(excess(&meter, clients, at: .seconds(9000)) == .requests(wait: .seconds(20)))
  }

  @Test func `Tokens are owed, and paid back before the next request`() {
    var meter = UsageMeter()
    let clients = [client(UsageLimits(tokensPerMinute: 600))]
    #expect(excess(&meter, clients, at: .zero) == nil)
    meter.charge(599, to: clients, at: .zero)
    #expect(excess(&meter, clients, at: .zero) == nil)
    meter.charge(401, to: clients, at: .zero)
    // 1000 used: 401 must flow back until one of 600 is left, ten a second.
    #expect(excess(&meter, clients, at: .zero) == .tokens(wait: .seconds(60) * (401.0 / 600)))
    #expect(excess(&meter, clients, at: .seconds(40)) == .tokens(wait: .seconds(60) * (1.0 / 600)))
    #expect(excess(&meter, clients, at: .seconds(41)) == nil)
    meter.charge(-5, to: clients, at: .seconds(41))
    meter.charge(Int.max, to: clients, at: .seconds(41))
    guard case .tokens(let wait) = excess(&meter, clients, at: .seconds(41)) else {
      Issue.record("nothing is owed")
      return
    }
    #expect(wait > .seconds(1_000_000))
  }

  @Test func `Requests at the same time are counted until they end`() {
    var meter = UsageMeter()
    let clients = [client(UsageLimits(concurrent: 2))]
    #expect(excess(&meter, clients, at: .zero) == nil)
    #expect(excess(&meter, clients, at: .zero) == nil)
    #expect(excess(&meter, clients, at: .seconds(1000)) == .concurrent)
    meter.end(clients.map(\.client))
    #expect(excess(&meter, clients, at: .seconds(1000)) == nil)
    #expect(excess(&meter, clients, at: .seconds(1000)) == .concurrent)
  }

  @Test func `Clients are counted by themselves, and a refused request by none`() throws {
    var meter = UsageMeter()
    let free = client(UsageLimits(requestsPerMinute: 5), "free")
    let strict = client(UsageLimits(requestsPerMinute: 1), "strict")
    #expect(excess(&meter, [free, strict], at: .zero) == nil)
    for _ in 0..<10 {
      #expect(throws: UsageRefusal(client: .key("strict"), excess: .requests(wait: .seconds(60)))) {
        try meter.begin([free, strict], at: .zero)
      }
    }
    for _ in 0..<4 { #expect(excess(&meter, [free], at: .zero) == nil) }
    #expect(excess(&meter, [free], at: .zero) != nil)
    #expect(excess(&meter, [(.address(ClientAddress("free")), free.limits)], at: .zero) == nil)
  }

  @Test func `What had no limit before counts for nothing when it gets one`() {
    var meter = UsageMeter()
    for _ in 0..<100 { #expect(excess(&meter, [client(UsageLimits(concurrent: 1000))], at: .zero) == nil) }
    meter.charge(1000, to: [client(UsageLimits(concurrent: 1000))], at: .zero)
    #expect(excess(&meter, [client(UsageLimits(requestsPerMinute: 100, tokensPerMinute: 1001))], at: .zero) == nil)
  }

  @Test func `A clock that goes back gives nothing`() {
    var meter = UsageMeter()
    let clients = [client(UsageLimits(requestsPerMinute: 1))]
    #expect(excess(&meter, clients, at: .seconds(100)) == nil)
    #expect(excess(&meter, clients, at: .zero) == .requests(wait: .seconds(60)))
    #expect(excess(&meter, clients, at: .seconds(159)) != nil)
    #expect(excess(&meter, clients, at: .seconds(160)) == nil)
  }

  @Test func `Of very many clients those seen least recently are forgotten, but none with a request`() {
    var meter = UsageMeter(accountLimit: 100)
    let limits = UsageLimits(requestsPerMinute: 1, concurrent: 1)
    let running = (0..<50).map { client(limits, "running \($0)") }
    for one in running { #expect(excess(&meter, [one], at: .zero) == nil) }
    for number in 0..<5000 {
      let one = client(limits, "\(number)")
      #expect(excess(&meter, [one], at: .milliseconds(number)) == nil)
      meter.end([one.client])
      #expect(meter.accountCount <= 200)
    }
    #expect(excess(&meter, [client(limits, "4999")], at: .seconds(5)) != nil)
    for one in running { #expect(excess(&meter, [one], at: .seconds(5000)) == .concurrent) }
  }
}
