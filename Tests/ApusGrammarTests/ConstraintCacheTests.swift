internal import ApusGrammar
internal import Synchronization
internal import Testing

/// A number that several threads change.
private final class Number: Sendable {
  private let number: Mutex<Int>

  init(_ number: Int) { self.number = Mutex(number) }

  var value: Int {
    get { number.withLock { $0 } }
    set { number.withLock { $0 = newValue } }
  }

  func increase() { number.withLock { $0 += 1 } }
}

struct ConstraintCacheTests {
  private typealias Cache = ConstraintCache<String, GrammarError>

  private func key(_ text: String, kind: String = "gbnf") -> Cache.Key {
    Cache.Key(kind: kind, bytes: Array(text.utf8))
  }

  @Test func aResultIsMadeOnceForItsKindAndBytes() throws {
    let cache = Cache { $0.utf8.count }
    var made: [String] = []
    // The last two are equal as strings and have different bytes.
    for (kind, text) in [("gbnf", "a"), ("gbnf", "a"), ("lark", "a"), ("gbnf", "\u{E9}"), ("gbnf", "e\u{301}")] {
      let value = try cache.value(for: key(text, kind: kind)) { () throws(GrammarError) in
        made.append(kind + text)
        return kind + text
      }
      #expect(Array(value.utf8) == Array((kind + text).utf8))
    }
    #expect(made.count == 4)
  }

  @Test func theLeastRecentlyUsedGoFirst() throws {
    let cache = Cache(entryLimit: 3) { _ in 0 }
    var made: [String] = []
    for text in ["a", "b", "c", "a", "d", "a", "c", "b"] {
      _ = try cache.value(for: key(text)) { () throws(GrammarError) in
        made.append(text)
        return text
      }
    }
    #expect(made == ["a", "b", "c", "d", "b"])
    #expect(cache.count == 3)
  }

  @Test func bytesAreBoundedAlsoWhereResultsGrow() throws {
    let growth = Number(1)
    let cache = Cache(byteLimit: 100) { $0.utf8.count * growth.value }
    for text in ["a", "b", "c"] { _ = try cache.value(for: key(text)) { String(repeating: text, count: 20) } }
    #expect(cache.count == 3)
    growth.value = 2
    _ = try cache.value(for: key("c")) { "" }
    #expect(cache.count == 2)
    #expect(try cache.value(for: key("large")) { String(repeating: "x", count: 200) }.utf8.count == 200)
    #expect(cache.count == 0)
  }

  @Test func anErrorIsRememberedToo() {
    let cache = Cache { _ in 0 }
    var count = 0
    for _ in 0..<3 {
      #expect(throws: GrammarError.empty) {
        try cache.value(for: key("a")) { () throws(GrammarError) in
          count += 1
          throw .empty
        }
      }
    }
    #expect(count == 1)
  }

  @Test func whatWasGivenUpIsMadeByTheNextOne() throws {
    let cache = Cache { _ in 0 }
    #expect(throws: GrammarError.stopped) {
      try cache.value(for: key("a"), isPassing: { $0 == .stopped }) { () throws(GrammarError) in throw .stopped }
    }
    #expect(!cache.has(key("a")))
    #expect(try cache.value(for: key("a")) { "made" } == "made")
    #expect(cache.has(key("a")))
  }

  @Test func callersOfOneTextAtOnceMakeItOnce() async throws {
    let cache = Cache { _ in 0 }
    let count = Number(0)
    try await withThrowingTaskGroup(of: String.self) { group in
      for index in 0..<200 {
        group.addTask {
          try cache.value(for: Cache.Key(kind: "gbnf", bytes: [UInt8(index % 4)])) {
            count.increase()
            return "\(index % 4)"
          }
        }
      }
      for try await _ in group {}
    }
    #expect(count.value == 4)
    #expect(cache.count == 4)
  }

  @Test func textsThatDifferHaveDifferentIdentities() {
    let texts: [GrammarText] = [
      .pattern("a"), .gbnf("a"), .lark("a"), .choices(["a"]), .choices(["a", "b"]), .choices(["ab"]),
      .choices(["a1:b"]), .choices([]), .pattern("\u{E9}"), .pattern("e\u{301}"),
    ]
    let keys = Set(texts.map { Cache.Key(kind: $0.identity.kind, bytes: $0.identity.bytes) })
    #expect(keys.count == texts.count)
  }
}
