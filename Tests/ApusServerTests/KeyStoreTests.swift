internal import ApusServer
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

  @Test func `A server does not begin with a file that is wrong`() {
    for text in ["", "alice nonsense"] {
      #expect(throws: ServerError.self) { try KeyStore(["plain"], MemoryFile(text)) { _ in } }
    }
    #expect(throws: ServerError.invalidKey) { try KeyStore(["a b"], nil) { _ in } }
    #expect(throws: Never.self) { try KeyStore([], nil) { _ in } }
  }
}
