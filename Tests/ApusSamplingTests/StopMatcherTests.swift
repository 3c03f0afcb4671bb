internal import ApusSampling
internal import Testing

@Suite struct StopMatcherTests {
  /// What the whole text gives by searching it naively: earliest start, then shortest, then first in the list.
  static func naive(_ text: [UInt8], _ stops: [String]) -> (bytes: [UInt8], stop: Int?) {
    for start in text.indices {
      let here = stops.indices.filter { text[start...].starts(with: stops[$0].utf8) }
      if let stop = here.min(by: { (stops[$0].utf8.count, $0) < (stops[$1].utf8.count, $1) }) {
        return (Array(text[..<start]), stop)
      }
    }
    return (text, nil)
  }

  /// What the matcher gives for pieces that `cut` chooses.
  static func matched(
    _ text: [UInt8], _ stops: [String], cut: (Int) -> Int
  ) throws -> (bytes: [UInt8], stop: Int?) {
    var matcher = try StopMatcher(stops)
    var bytes: [UInt8] = []
    var start = 0
    while start < text.count {
      let end = min(text.count, start + max(1, cut(start)))
      let output = matcher.feed(Array(text[start..<end]))
      bytes += output.bytes
      if let stop = output.stop { return (bytes, stop) }
      start = end
    }
    let last = matcher.finish()
    return (bytes + last.bytes, last.stop)
  }

  @Test func `Any cutting gives what a naive search gives`() throws {
    var random = RandomSource(seed: 6)
    func letters(_ count: Int, _ alphabet: UInt64) -> String {
      String(decoding: (0..<count).map { _ in UInt8(97 + random.next() % alphabet) }, as: UTF8.self)
    }
    for round in 0..<3000 {
      let alphabet = 1 + UInt64(round % 4)
      let stops = (0..<round % 6).map { _ in letters(1 + Int.random(upTo: 6, &random), alphabet) }
      let text = Array(letters(Int.random(upTo: 40, &random), alphabet).utf8)
      let expected = Self.naive(text, stops)
      for size in [1, 2, 3, 7, 100] {
        let found = try Self.matched(text, stops) { _ in size }
        #expect(found.bytes == expected.bytes && found.stop == expected.stop, "\(stops) in \(text)")
      }
      let found = try Self.matched(text, stops) { _ in Int.random(upTo: 5, &random) }
      #expect(found.bytes == expected.bytes && found.stop == expected.stop, "\(stops) in \(text)")
    }
  }

  @Test func `No prefix of a stop string comes out before it is refuted`() throws {
    var matcher = try StopMatcher(["</s>", "\n\nUser:"])
    #expect(matcher.feed("Hello <").text == "Hello ")
    #expect(matcher.feed("/").text == "")
    #expect(matcher.feed("b>").text == "</b>")
    #expect(matcher.feed("\n").text == "")
    #expect(matcher.feed("\n\nUse").text == "\n")
    #expect(matcher.feed("r: x") == StopMatcher.Output(bytes: [], stop: 1))
    #expect(matcher.feed("more") == StopMatcher.Output(bytes: [], stop: 1))
    #expect(matcher.finish() == StopMatcher.Output(bytes: [], stop: 1))
  }

  @Test func `The earliest start wins even if another stop string is complete first`() throws {
    var matcher = try StopMatcher(["bc", "abcd"])
    #expect(matcher.feed("xabc") == StopMatcher.Output(bytes: [UInt8(ascii: "x")], stop: nil))
    var other = matcher
    #expect(matcher.feed("d") == StopMatcher.Output(bytes: [], stop: 1))
    #expect(other.feed("e") == StopMatcher.Output(bytes: [UInt8(ascii: "a")], stop: 0))
    var ended = try StopMatcher(["bc", "abcd"])
    _ = ended.feed("xabc")
    #expect(ended.finish() == StopMatcher.Output(bytes: [UInt8(ascii: "a")], stop: 0))
  }

  @Test func `Characters stay whole, also where a stop string shares their first bytes`() throws {
    // é is C3 A9, ê is C3 AA; the emoji share three bytes.
    var matcher = try StopMatcher(["é", "🙂🙃"])
    for character in "aêb🙂🙂c🙂ê" {
      let output = matcher.feed(String(character))
      #expect(String(validating: output.bytes, as: UTF8.self) != nil)
      #expect(output.stop == nil)
    }
    #expect(matcher.feed("é").stop == 0)
  }

  @Test func `Comparison is of bytes, not of canonical equivalence`() throws {
    var matcher = try StopMatcher(["\u{E9}"])
    #expect(matcher.feed("e\u{301}").stop == nil)
    #expect(matcher.feed("\u{E9}").stop == 0)
  }

  @Test func `What is held back comes out at the end`() throws {
    var matcher = try StopMatcher(["stop"])
    #expect(matcher.feed("don't sto").text == "don't ")
    #expect(matcher.finish().text == "sto")
    #expect(matcher.finish().text == "")
  }

  @Test func `Without stop strings everything passes at once`() throws {
    var matcher = try StopMatcher([])
    #expect(matcher.feed("abc").text == "abc")
    #expect(matcher.finish() == StopMatcher.Output())
  }

  @Test func `Number and length are limited, empty ones refused`() throws {
    for (count, isFine) in [(2499, true), (2500, true), (2501, false)] {
      #expect(((try? StopMatcher(Array(repeating: "x", count: count))) != nil) == isFine)
    }
    for (length, isFine) in [(255, true), (256, true), (257, false)] {
      #expect(((try? StopMatcher([String(repeating: "x", count: length)])) != nil) == isFine)
    }
    #expect(throws: SamplingError.emptyEntry(field: "stop", index: 1)) { try StopMatcher(["a", ""]) }
  }

  @Test func `The largest lists and the worst texts take linear time`() throws {
    let stops = (0..<2500).map { String(repeating: "a", count: 252) + String($0 + 1000) }
    let clock = ContinuousClock()
    let start = clock.now
    var matcher = try StopMatcher(stops)
    var count = 0
    for _ in 0..<1000 { count += matcher.feed(String(repeating: "a", count: 1000)).bytes.count }
    #expect(count == 1_000_000 - 252)
    let wide = (0..<2500).map { "\($0)" + String(repeating: "é\($0)", count: 30) }
    var other = try StopMatcher(wide)
    #expect(other.feed(wide[77]).stop == 77)
    #expect(clock.now - start < .seconds(20))
  }
}

extension Int {
  /// A seeded number from 0 up to but not including `limit`.
  fileprivate static func random(upTo limit: Int, _ source: inout RandomSource) -> Int {
    Int(source.next() % UInt64(limit))
  }
}
