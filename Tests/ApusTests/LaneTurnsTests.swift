internal import Apus
internal import Testing

struct LaneTurnsTests {
  /// The lanes that are served in `count` turns, when a turn of lane `id` takes `milliseconds[id]` and all have work.
  private func turns(_ count: Int, _ milliseconds: [Int], of turns: inout LaneTurns) -> [Int] {
    (0..<count).compactMap { _ in
      guard let id = turns.next(of: milliseconds.indices) else { return nil }
      turns.note(id, took: .milliseconds(milliseconds[id]))
      return id
    }
  }

  @Test func `No lane with work, no turn`() {
    var order = LaneTurns()
    #expect(order.next(of: []) == nil)
  }

  @Test func `Lanes whose steps take the same time take turns`() {
    var order = LaneTurns()
    #expect(turns(7, [5, 5, 5], of: &order) == [0, 1, 2, 0, 1, 2, 0])
  }

  @Test func `A lane with short steps gets more of them, and the same time`() {
    var order = LaneTurns()
    let ids = turns(600, [1, 10], of: &order)
    let times = [ids.count { $0 == 0 } * 1, ids.count { $0 == 1 } * 10]
    #expect(abs(times[0] - times[1]) <= 10)
  }

  @Test func `A lane that had no work is next, and has saved up no more than that`() {
    var order = LaneTurns()
    for _ in 0..<1000 {
      #expect(order.next(of: [0]) == 0)
      order.note(0, took: .milliseconds(5))
    }
    #expect(turns(6, [5, 5], of: &order) == [1, 0, 1, 0, 1, 0])
  }

  @Test func `A lane that is gone leaves nothing behind`() {
    var order = LaneTurns()
    #expect(turns(2, [5, 5], of: &order) == [0, 1])
    order.forget(0)
    #expect(order.next(of: [1]) == 1)
    #expect(order.next(of: []) == nil)
  }
}
