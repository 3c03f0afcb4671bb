internal import ApusCLI
internal import ApusTestSupport
internal import Testing

@Suite struct `Keys of a terminal` {
  @Test func `bytes become keys however they are cut`() {
    let bytes = Array("aé日\u{1B}[A\u{1B}[1;5D\u{1B}[3~\u{1}\u{17}\u{1B}[200~x\ry\u{1B}[201~\r".utf8)
    let expected: [Key] = [
      .insert("a"), .insert("é"), .insert("日"), .up, .wordLeft, .delete, .home, .killWord, .paste("x\ny"), .enter,
    ]
    for size in 1...bytes.count {
      var decoder = KeyDecoder()
      var keys: [Key] = []
      for start in stride(from: 0, to: bytes.count, by: size) {
        keys += decoder.feed(Array(bytes[start..<min(bytes.count, start + size)]))
      }
      #expect(keys == expected)
    }
  }

  @Test func `unknown sequences and broken text give nothing and end`() {
    var decoder = KeyDecoder()
    #expect(decoder.feed(Array("\u{1B}[99;99X\u{1B}z\u{7}".utf8) + [0xC3, 0x41, 0x62]) == [.insert("b")])
    #expect(decoder.feed(Array("\u{1B}[".utf8) + [UInt8](repeating: 0x31, count: 100)).count < 100)
  }
}

@Suite struct `An edited line` {
  private func line(_ text: String, _ keys: Key...) -> EditedLine {
    var line = EditedLine(text)
    for key in keys { line.apply(key) }
    return line
  }

  @Test func `keys do what they do elsewhere`() {
    #expect(line("abc", .left, .backspace).text == "ac")
    #expect(line("abc", .home, .delete, .delete).text == "c")
    #expect(line("one two", .killWord).text == "one ")
    #expect(line("one two", .wordLeft, .killToEnd).text == "one ")
    #expect(line("one two", .wordLeft, .killToStart).text == "two")
    #expect(line("one two", .home, .wordRight, .insert("!")).text == "one! two")
    #expect(line("", .backspace, .delete, .left, .right, .killWord).text == "")
  }

  @Test func `a character of many scalars is one`() {
    let family = "👩‍👩‍👧"
    #expect(line("e" + family, .backspace).text == "e")
    let accent = line("e", .insert("\u{301}"))
    #expect(accent.cursor == 1 && accent.text.unicodeScalars.count == 2)
    #expect(displayWidth(of: "日") == 2 && displayWidth(of: "e\u{301}") == 1 && displayWidth(of: "👍") == 2)
  }

  @Test func `a long line is laid on rows`() {
    let layout = LineLayout(prompt: "> ", line: EditedLine("abcdefgh"), columns: 5)
    #expect(layout.rows == ["> abc", "defgh", ""] && layout.cursorRow == 2 && layout.cursorColumn == 0)
    let wide = LineLayout(prompt: "> ", line: line("日本語", .left), columns: 5)
    #expect(wide.rows == ["> 日", "本語"] && wide.cursorRow == 1 && wide.cursorColumn == 2)
    let pasted = LineLayout(prompt: "> ", line: EditedLine("a\n\u{1B}b"), columns: 80)
    #expect(pasted.rows == ["> a↵·b"] && pasted.cursorColumn == 6)
  }
}

@Suite struct `What a person reads` {
  @Test func `quantities`() {
    #expect(readable(bytes: 0) == "0 bytes" && readable(bytes: 1536) == "1.5 KiB")
    #expect(readable(bytes: .max) == "8192.0 PiB" && readable(count: 134_515_008) == "134.5 M")
    #expect(oneDecimal(-0.04) == "0.0" && oneDecimal(.nan) == "0.0" && oneDecimal(99.96) == "100.0")
  }

  @Test func `a progress bar fits its terminal`() {
    for columns in 1...120 {
      let line = ProgressBar.line("loading", share: 0.5, columns: columns)
      #expect(line.count < max(columns, 1) || line.isEmpty)
    }
    #expect(ProgressBar.line("loading", share: 1, columns: 80).hasSuffix("100%"))
  }

  @Test func `a table is aligned by what is seen`() {
    var table = Table([.left, .right])
    table.add("日", "1", "x")
    table.add("abc", "10")
    #expect(table.lines(indent: "") == ["日    1  x", "abc  10"])
  }

  @Test func `text for a terminal has no controls`() {
    #expect(Terminal.harmless("a\u{1B}[2Jb\tc\nd\u{9B}e\u{7F}") == "a[2Jb\tc\nde")
  }

  @Test func `commands of a chat`() {
    #expect(ChatCommand("hello /x") == .say("hello /x"))
    #expect(ChatCommand("/set  temperature   0.2 ") == .set("temperature", "0.2"))
    #expect(ChatCommand("/save my chat.json") == .save("my chat.json"))
    #expect(ChatCommand("/set") == .show && ChatCommand("/quit") == .leave)
  }
}
