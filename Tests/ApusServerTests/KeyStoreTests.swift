internal import ApusServer
internal import Dispatch
internal import Synchronization
internal import Testing

struct KeyStoreTests {
  private final class Told: Sendable {
    let list = Mutex<[KeyStore.News]>([])
  }

  private let start = ContinuousClock.now

  private func names(_ store: KeyStore, after seconds: Int) -> [String] {
    store.ring(at: start + .seconds(seconds)).keys.map(\.name)
  }

  @Test func `A file is read again when it has changed, and looked at once a second at most`() throws {
    let (file, told) = (MemoryFile("a"), Told())
    let store = try KeyStore(["plain"], file, at: start) { news in told.list.withLock { $0.append(news) } }
    #expect(names(store, after: 0) == ["key 1", "key 2"])
    file.write("alice \(KeyDigest(of: "x").text)")
    #expect(names(store, after: 0) == ["key 1", "key 2"] && file.looks == 0)
    #expect(names(store, after: 1) == ["key 1", "alice"])
    for _ in 0..<100 { #expect(names(store, after: 1) == ["key 1", "alice"]) }
    #expect(file.looks == 1 && told.list.withLock { $0 } == [.keys(count: 2)])
    #expect(names(store, after: 5) == ["key 1", "alice"] && file.looks == 2)
  }

  @Test(arguments: [nil, "", "# none\n", "alice nonsense"])
  func `A file that has become wrong changes nothing, and that is told once`(_ text: String?) throws {
    let (file, told) = (MemoryFile("a"), Told())
    let store = try KeyStore([], file, at: start) { news in told.list.withLock { $0.append(news) } }
    file.write(text)
    for seconds in 1..<5 { #expect(names(store, after: seconds) == ["key 1"]) }
    let list = told.list.withLock { $0 }
    guard list.count == 1, case .wrong(let reason) = list[0] else {
      Issue.record("\(list)")
      return
    }
    #expect(reason.hasPrefix("keys.txt: ") && !reason.contains("nonsense"))
    file.write("b\nc")
    #expect(names(store, after: 6) == ["key 1", "key 2"])
  }

  @Test func `While one reads the file, others get the keys as they were and do not wait`() async throws {
    let (file, gate) = (SlowFile("a \(KeyDigest(of: "x").text)"), DispatchSemaphore(value: 0))
    let store = try KeyStore([], file, at: start) { _ in }
    file.wait(for: gate, then: "b \(KeyDigest(of: "x").text)")
    let reader = Task.detached { [start] in store.ring(at: start + .seconds(1)).keys.map(\.name) }
    while !file.isReading { await Task.yield() }
    for seconds in 1..<5 { #expect(names(store, after: seconds) == ["a"]) }
    gate.signal()
    #expect(await reader.value == ["b"])
    #expect(names(store, after: 1) == ["b"])
  }

  @Test func `A server does not begin with a file that is wrong`() {
    for text in ["", "alice nonsense"] {
      #expect(throws: ServerError.self) { try KeyStore(["plain"], MemoryFile(text)) { _ in } }
    }
    #expect(throws: ServerError.invalidKey) { try KeyStore(["a b"], nil) { _ in } }
    #expect(throws: Never.self) { try KeyStore([], nil) { _ in } }
  }
}

/// A file that is read when a test lets it be.
private final class SlowFile: ChangingFile {
  private struct State {
    var text: String
    var gate: DispatchSemaphore?
    var isReading = false
  }

  let path = "keys.txt"
  private let state: Mutex<State>

  init(_ text: String) { state = Mutex(State(text: text)) }

  var isReading: Bool { state.withLock { $0.isReading } }

  var hasChanged: Bool { state.withLock { $0.gate != nil } }

  /// The next reading waits, and gives this text.
  func wait(for gate: DispatchSemaphore, then text: String) {
    state.withLock { state in
      state.gate = gate
      state.text = text
    }
  }

  func bytes() throws -> [UInt8] {
    let gate = state.withLock { state in
      state.isReading = state.gate != nil
      return state.gate.take()
    }
    gate?.wait()
    return state.withLock { state in
      state.isReading = false
      return Array(state.text.utf8)
    }
  }
}
