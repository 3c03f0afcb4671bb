internal import ApusCore

/// What the thread that computes does: listens to all lanes between any two steps, and gives the next step to one.
struct Lanes {
  private let entrance: LaneEntrance
  private let bell: Bell
  private var lanes: [Lane] = []
  private var count = 0
  private var turns = LaneTurns()

  init(_ entrance: LaneEntrance, _ bell: Bell) {
    self.entrance = entrance
    self.bell = bell
  }

  /// The thread's life.
  mutating func run() {
    while takeIn() {
      listen()
      if let id = turns.next(of: lanes.lazy.filter(\.canWork).map(\.id)) {
        work(id)
      } else {
        bell.wait(atMost: lanes.lazy.compactMap(\.patience).min())
      }
    }
  }

  /// Takes new lanes in; false where there are none and none will come.
  private mutating func takeIn() -> Bool {
    guard let new = entrance.take() else { return !lanes.isEmpty }
    for lane in new {
      lanes.append(Lane(id: count, lane))
      count += 1
    }
    return true
  }

  /// Obeys all callers, and lets go of the lanes that must end.
  private mutating func listen() {
    for index in lanes.indices.reversed() where !lanes[index].listen() {
      let inbox = lanes[index].inbox
      turns.forget(lanes[index].id)
      lanes.remove(at: index)
      inbox.noteEnd()
    }
  }

  private mutating func work(_ id: Int) {
    guard let index = lanes.firstIndex(where: { $0.id == id }) else { return }
    let now = lanes[index].inbox.now
    let start = now()
    lanes[index].work()
    turns.note(id, took: start.duration(to: now()))
  }
}
