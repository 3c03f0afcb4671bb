internal import ApusStore
internal import ApusTestSupport
internal import Foundation
internal import Testing

struct SQLiteStoreTests {
  private static func document(_ id: String, owner: String = "ann", time: Int, body: String = "{}") -> Document {
    Document(
      DocumentKey(.conversation, owner: owner, id: id), title: "about \(id)", time: time, body: Array(body.utf8))
  }

  @Test func `What was put is found, replaced and dropped`() async throws {
    let folder = try TemporaryFolder()
    let store = try SQLiteStore(path: folder.path("store"))
    let (first, second) = (Self.document("a", time: 1), Self.document("a", time: 2, body: "\u{0}é"))
    try await store.put(first)
    #expect(try await store.document(first.key) == first)
    try await store.put(second)
    #expect(try await store.document(first.key) == second)
    #expect(try await store.drop(first.key))
    #expect(try await !store.drop(first.key))
    #expect(try await store.document(first.key) == nil)
  }

  @Test func `Nobody finds what is another's or of another kind`() async throws {
    let folder = try TemporaryFolder()
    let store = try SQLiteStore(path: folder.path("store"))
    try await store.put(Self.document("a", time: 1))
    #expect(try await store.document(DocumentKey(.conversation, owner: "bob", id: "a")) == nil)
    #expect(try await store.document(DocumentKey(.response, owner: "ann", id: "a")) == nil)
    #expect(try await store.list(.conversation, of: "bob", before: .max, limit: 9).isEmpty)
  }

  @Test func `Lists are in order, in pages, and bounded`() async throws {
    let folder = try TemporaryFolder()
    var limits = StoreLimits()
    limits.documents = 4
    let store = try SQLiteStore(path: folder.path("store"), limits: limits)
    for time in 1...6 { try await store.put(Self.document("d\(time)", time: time)) }
    try await store.put(Self.document("other", owner: "bob", time: 0))
    let page = try await store.list(.conversation, of: "ann", before: .max, limit: 3)
    #expect(page.map(\.id) == ["d6", "d5", "d4"])
    #expect(try await store.list(.conversation, of: "ann", before: 4, limit: 3).map(\.id) == ["d3"])
    #expect(try await store.list(.conversation, of: "bob", before: .max, limit: 3).count == 1)
  }

  @Test func `What one owner has is bounded in bytes, and the oldest goes`() async throws {
    let folder = try TemporaryFolder()
    var limits = StoreLimits()
    limits.byteCount = 10
    let store = try SQLiteStore(path: folder.path("store"), limits: limits)
    func ids() async throws -> [String] {
      try await store.list(.conversation, of: "ann", before: .max, limit: 9).map(\.id)
    }
    for (id, time) in [("a", 1), ("b", 2)] { try await store.put(Self.document(id, time: time, body: "four")) }
    let answer = DocumentKey(.response, owner: "ann", id: "r")
    try await store.put(Document(answer, time: 3, body: [1, 2]))
    #expect(try await ids() == ["b", "a"])
    // What is put again counts once, by its new size.
    try await store.put(Self.document("b", time: 4, body: "five"))
    #expect(try await ids() == ["b", "a"])
    try await store.put(Self.document("b", time: 5, body: "five5"))
    #expect(try await ids() == ["b"])
    #expect(try await store.document(answer) != nil)
    #expect(try await store.update(answer) { _ in Document(answer, time: 6, body: [1, 2, 3, 4, 5, 6]) })
    #expect(try await ids() == [])
    #expect(try await store.document(answer)?.body.count == 6)
    try await store.put(Self.document("o", owner: "bob", time: 0, body: "ten bytes!"))
    #expect(try await store.list(.conversation, of: "bob", before: .max, limit: 9).count == 1)
    // Counts of usage are the server's own.
    let usage = DocumentKey(.usage, owner: "ann", id: "all")
    try await store.put(Document(usage, time: 0, body: Array(repeating: 1, count: 100)))
    try await store.put(Self.document("c", time: 7, body: "four"))
    #expect(try await ids() == ["c"])
    #expect(try await store.document(usage) != nil)
    #expect(try await store.document(answer) != nil)
  }

  @Test func `What is too old goes, of one kind`() async throws {
    let folder = try TemporaryFolder()
    let store = try SQLiteStore(path: folder.path("store"))
    for time in 1...3 { try await store.put(Self.document("d\(time)", time: time)) }
    let answer = DocumentKey(.response, owner: "ann", id: "r")
    try await store.put(Document(answer, time: 1, body: []))
    try await store.put(Self.document("other", owner: "bob", time: 1))
    try await store.drop(.conversation, before: 3)
    #expect(try await store.list(.conversation, of: "ann", before: .max, limit: 9).map(\.id) == ["d3"])
    #expect(try await store.list(.conversation, of: "bob", before: .max, limit: 9).isEmpty)
    #expect(try await store.document(answer) != nil)
  }

  @Test func `A file is found again, and shared`() async throws {
    let folder = try TemporaryFolder()
    let path = folder.path("store")
    let document = Self.document("a", time: 1)
    try await SQLiteStore(path: path).put(document)
    let (one, other) = (try SQLiteStore(path: path), try SQLiteStore(path: path))
    #expect(try await one.document(document.key) == document)
    _ = try await other.drop(document.key)
    #expect(try await one.document(document.key) == nil)
  }

  @Test func `Changes at the same time come one after the other`() async throws {
    let folder = try TemporaryFolder()
    let path = folder.path("store")
    let stores = [try SQLiteStore(path: path), try SQLiteStore(path: path)]
    let key = Self.document("a", time: 0).key
    try await withThrowingTaskGroup(of: Bool.self) { tasks in
      for number in 1...20 {
        tasks.addTask {
          try await stores[number % 2].update(key) { old in
            Document(key, time: number, body: (old?.body ?? []) + [UInt8(number)])
          }
        }
      }
      for try await isPut in tasks { #expect(isPut) }
    }
    #expect(try await stores[0].document(key)?.body.sorted() == Array(1...20))
    #expect(try await !stores[0].update(key) { _ in nil })
    #expect(try await stores[0].document(key)?.body.count == 20)
  }

  @Test func `What is no store is told by its path`() throws {
    let folder = try TemporaryFolder()
    let path = folder.path("text")
    try Data(String(repeating: "no database ", count: 200).utf8).write(to: URL(fileURLWithPath: path))
    #expect { try SQLiteStore(path: path) } throws: { "\($0)".contains(path) && "\($0)".contains("no store") }
    #expect { try SQLiteStore(path: folder.path("missing/store")) } throws: { "\($0)".contains("folder") }
  }
}
