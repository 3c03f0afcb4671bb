internal import ApusTestSupport
internal import ApusText
internal import Testing

@Suite struct `Text for messages` {
  @Test func `Printable text keeps letters and escapes the rest`() {
    #expect(printable("Grüße 🦜", limit: 100) == "Grüße 🦜")
    #expect(printable("a\u{0}\u{200B}\u{E000}\t", limit: 100) == #"a\u{0}\u{200b}\u{e000}\t"#)
    #expect(printable([0x61, 0xFF, 0x62] as [UInt8], limit: 100) == "a\u{FFFD}b")
    #expect(printable("abcdef", limit: 6) == "abc…")
    #expect(printable("abc", limit: 6) == "abc")
  }

  @Test func `Text is cut between characters, with the mark within the limit`() {
    #expect("語語語".shortened(toByteCount: 9) == "語語語")
    #expect("語語語".shortened(toByteCount: 8) == "語語")
    #expect("語語語".shortened(toByteCount: 8, mark: "...") == "語...")
    #expect("abc".shortened(toByteCount: 0) == "")
  }
}

@Suite struct `Bytes within bytes` {
  @Test func `Places do not overlap, and are found from either end`() {
    let text = Array("aabaabaaab".utf8)
    let find = { (needle: String, fromEnd: Bool) in text.positions(of: Array(needle.utf8), fromEnd: fromEnd) }
    #expect(find("aab", false) == [0, 3, 7])
    #expect(find("aab", true) == [7, 3, 0])
    #expect(find("aa", false) == [0, 3, 6])
    #expect(find("aa", true) == [7, 3, 0])
    #expect(find("c", false) == [])
    #expect(text.positions(of: [0x61], limit: 2) == [0, 1])
    #expect(text.positions(of: Array("aab".utf8), from: 1) == [3, 7])
    #expect([UInt8]().positions(of: [1]) == [])
  }

  @Test(arguments: 0..<50) func `The first place is the one that a slow search finds`(seed: UInt64) {
    var random = SeededGenerator(seed: seed)
    for _ in 0..<200 {
      let text = (0..<Int.random(in: 0...20, using: &random)).map { _ in UInt8.random(in: 0...1, using: &random) }
      let needle = (0..<Int.random(in: 0...4, using: &random)).map { _ in UInt8.random(in: 0...1, using: &random) }
      let start = Int.random(in: 0...text.count, using: &random)
      let slow = (start...text.count).first { text[$0...].starts(with: needle) }
      #expect(text.position(of: needle, from: start) == slow)
    }
  }

  @Test func `Repetitions take linear time`() {
    let text = [UInt8](repeating: 1, count: 2_000_000)
    let needle = [UInt8](repeating: 1, count: 1_000_000) + [2]
    #expect(text.position(of: needle) == nil)
  }
}

@Suite struct `Byte order marks` {
  @Test func `A mark is told and taken away`() {
    #expect(ByteOrderMark([0xEF, 0xBB, 0xBF, 0x61] as [UInt8]) == .utf8)
    #expect(ByteOrderMark([0xFF, 0xFE, 0x61, 0] as [UInt8]) == .utf16)
    #expect(ByteOrderMark([0xEF, 0xBB] as [UInt8]) == nil)
    #expect(ByteOrderMark.mayBegin(with: [0xEF, 0xBB]))
    #expect("\u{FEFF}a\u{FEFF}".withoutByteOrderMark == "a\u{FEFF}")
  }
}
