internal import Apus
internal import ApusTestSupport
internal import Testing

struct PoolScheduleTests {
  private let start = ContinuousClock.now

  private func time(_ seconds: Int) -> ContinuousClock.Instant { start.advanced(by: .seconds(seconds)) }

  /// A schedule with models of these sizes, loaded in this order and idle.
  private func loaded(_ models: [(String, Int)], idleTime: Duration? = nil) -> PoolSchedule {
    var schedule = PoolSchedule(idleTime: idleTime)
    for (second, (name, byteCount)) in models.enumerated() {
      schedule.request(name)
      let loading = schedule.beginLoad()
      #expect(loading == name)
      schedule.endLoad((byteCount, 0), at: time(second))
    }
    return schedule
  }

  @Test func `Models are loaded one at a time, in the order in which they were asked for, once each`() {
    var schedule = PoolSchedule()
    for name in ["b", "a", "b", "c", "a"] { schedule.request(name) }
    let first = schedule.beginLoad()
    #expect(first == "b")
    schedule.request("b")
    let beside = schedule.beginLoad()
    #expect(beside == nil)
    schedule.withdraw("a")
    schedule.endLoad(nil, at: start)
    #expect(schedule.residents.isEmpty)
    let second = schedule.beginLoad()
    #expect(second == "c")
    schedule.endLoad((5, 2), at: start)
    let last = schedule.beginLoad()
    #expect(last == nil)
    #expect(schedule.byteCount == 5)
  }

  @Test func `The least recently used idle models go, no more than needed`() {
    var schedule = loaded([("a", 10), ("b", 10), ("c", 10), ("d", 10)])
    let takesA = schedule.take("a", at: time(10))
    #expect(takesA)
    schedule.release("a", at: time(11))
    let takesB = schedule.take("b", at: time(12))
    #expect(takesB)
    guard case .unload(["c", "d"]) = schedule.makeRoom(for: 11) else { Issue.record("not c and d"); return }
    #expect(schedule.byteCount == 20)
    guard case .inUse = schedule.makeRoom(for: 11) else { Issue.record("b is in use"); return }
    guard case .none = schedule.makeRoom(for: 21) else { Issue.record("there is no room"); return }
    #expect(schedule.byteCount == 20)
  }

  @Test func `Models expire by idle time, but not while another is loaded or they are used`() {
    var schedule = loaded([("a", 10), ("b", 10)], idleTime: .seconds(5))
    #expect(schedule.nextExpiry == time(5))
    let isTaken = schedule.take("a", at: time(3))
    #expect(isTaken)
    #expect(schedule.nextExpiry == time(6))
    let none = schedule.expire(at: time(5))
    #expect(none == [])
    schedule.request("c")
    let loading = schedule.beginLoad()
    #expect(loading == "c")
    let early = schedule.expire(at: time(9))
    #expect(early == [])
    #expect(schedule.nextExpiry == nil)
    schedule.endLoad(nil, at: time(9))
    let expired = schedule.expire(at: time(9))
    #expect(expired == ["b"])
    schedule.request("c")
    let held = schedule.beginLoad()
    #expect(held == nil)
    schedule.endUnload()
    let next = schedule.beginLoad()
    #expect(next == "c")
  }

  @Test func `A model may have an idle time of its own`() {
    var schedule = loaded([("a", 10), ("b", 10), ("c", 10)], idleTime: .seconds(5))
    schedule.keep("a", for: nil)
    schedule.keep("b", for: .seconds(50))
    schedule.keep("nothing", for: .zero)
    let first = schedule.expire(at: time(20))
    #expect(first == ["c"])
    // As long as some are on their way out, no others go.
    #expect(schedule.nextExpiry == nil)
    let meanwhile = schedule.expire(at: time(100))
    #expect(meanwhile == [])
    schedule.endUnload()
    let isTaken = schedule.take("a", at: time(101))
    #expect(isTaken)
    schedule.keep("a", for: .zero)
    let second = schedule.expire(at: time(102))
    #expect(second == ["b"])
    schedule.endUnload()
    #expect(schedule.nextExpiry == nil)
    schedule.release("a", at: time(103))
    #expect(schedule.nextExpiry == time(103))
    let last = schedule.expire(at: time(103))
    #expect(last == ["a"] && schedule.residents.isEmpty)
  }

  @Test func `A model may be kept at least so long, which is never shorter than before`() {
    var schedule = loaded([("a", 10)], idleTime: .seconds(5))
    for (time, expected) in [(3, 5), (5, 5), (8, 8), (0, 8), (nil, nil), (9, nil)] as [(Int?, Int?)] {
      schedule.keep("a", for: time.map { .seconds($0) }, isAtLeast: true)
      #expect(schedule.residents["a"]?.idleTime == expected.map { .seconds($0) })
    }
    schedule.keep("a", for: .seconds(2))
    #expect(schedule.residents["a"]?.idleTime == .seconds(2))
    schedule.keep("nothing", for: nil, isAtLeast: true)
    #expect(schedule.residents.count == 1)
  }

  @Test(arguments: 0..<20)
  func `Whatever happens, used models stay and nothing is loaded twice`(_ seed: UInt64) {
    var (generator, schedule) = (SeededGenerator(seed: seed), PoolSchedule(idleTime: .seconds(20)))
    var users: [String: Int] = [:]
    var counts = (evicted: 0, expired: 0, refused: 0)
    for second in 0..<4000 {
      let name = ["a", "b", "c", "d"].randomElement(using: &generator) ?? "a"
      switch Int.random(in: 0..<9, using: &generator) {
      case 0: if schedule.take(name, at: time(second)) { users[name, default: 0] += 1 } else { schedule.request(name) }
      case 1: schedule.withdraw(name)
      case 2:
        _ = schedule.beginLoad()
      case 3:
        guard let loading = schedule.loading else { break }
        let count = Int.random(in: 0..<2, using: &generator)
        users[loading] = count
        schedule.endLoad(Bool.random(using: &generator) ? (10, count) : nil, at: time(second))
        if schedule.residents[loading] == nil { users[loading] = nil }
      case 4, 7, 8:
        guard users[name, default: 0] > 0 else { break }
        users[name, default: 0] -= 1
        schedule.release(name, at: time(second))
      case 5:
        let (missing, before) = (Int.random(in: 1...40, using: &generator), schedule)
        switch schedule.makeRoom(for: missing) {
        case .unload(let names):
          #expect(before.byteCount - schedule.byteCount == 10 * names.count)
          #expect(10 * names.count >= missing && 10 * (names.count - 1) < missing)
          let youngest = names.compactMap { before.residents[$0]?.lastUse }.max() ?? start
          #expect(schedule.residents.values.allSatisfy { $0.users > 0 || $0.lastUse >= youngest })
          counts.evicted += 1
        case .inUse, .none:
          #expect(schedule == before)
          counts.refused += 1
        }
      default:
        let expired = schedule.expire(at: time(second))
        counts.expired += expired.count
        if schedule.isUnloading { schedule.endUnload() }
      }
      for (name, count) in users where count > 0 { #expect(schedule.residents[name]?.users == count) }
      users = users.filter { schedule.residents[$0.key] != nil }
      #expect(Set(schedule.queue).count == schedule.queue.count)
      #expect(schedule.loading.map { !schedule.queue.contains($0) && schedule.residents[$0] == nil } ?? true)
    }
    #expect(counts.evicted > 10 && counts.expired > 5 && counts.refused > 10)
  }
}
