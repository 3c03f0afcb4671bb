private import ApusSystem

/// Asks a person at a terminal for lines: arrow keys, Emacs keys, history of this run, pasting of several lines.
///
/// The terminal is in raw mode only while a line is edited.
final class LineEditor: Prompter {
  private static let prompt = "> "
  private static let historyLimit = 1000

  private var history: [String] = []
  private var decoder = KeyDecoder()
  /// Keys that came behind the end of the last line.
  private var waiting: [Key] = []
  private var drawn: LineLayout?
  /// Whether the last key was Ctrl-C on an empty line.
  private var isLeaving = false

  func nextLine() throws -> String? {
    guard let raw = RawTerminal() else { return try PlainPrompter().nextLine() }
    defer { raw.restore() }
    var edit = Edit(history: history)
    draw(edit.line)
    while true {
      if waiting.isEmpty {
        let bytes = try readStandardInput(upTo: 4096)
        guard !bytes.isEmpty else { return nil }
        waiting = decoder.feed(bytes)
      }
      while !waiting.isEmpty {
        switch act(waiting.removeFirst(), on: &edit) {
        case .goOn: break
        case .done(let text): return finish(text)
        }
      }
      draw(edit.line)
    }
  }

  private enum Outcome {
    case goOn
    case done(String?)
  }

  private func act(_ key: Key, on edit: inout Edit) -> Outcome {
    let wasLeaving = isLeaving
    isLeaving = false
    switch key {
    case .enter: return .done(edit.line.text)
    case .endOfInput where edit.line.isEmpty: return .done(nil)
    case .endOfInput: edit.line.apply(.delete)
    case .cancel where !edit.line.isEmpty: edit.reset()
    case .cancel where wasLeaving: return .done(nil)
    case .cancel:
      isLeaving = true
      say("Press Ctrl-C again to leave, or go on.")
    case .clearScreen:
      StandardError.write("\u{1B}[H\u{1B}[2J")
      drawn = nil
    case .up: edit.recall(by: -1)
    case .down: edit.recall(by: 1)
    default: edit.line.apply(key)
    }
    return .goOn
  }

  /// Leaves the line as it is on the screen, and keeps it in the history.
  private func finish(_ text: String?) -> String? {
    if let text { draw(EditedLine(text)) }
    StandardError.write("\r\n")
    drawn = nil
    guard let text else { return nil }
    if !text.isEmpty, history.last != text { history.append(text) }
    if history.count > Self.historyLimit { history.removeFirst() }
    return text
  }

  /// Shows a sentence, and the line again below it.
  private func say(_ text: String) {
    StandardError.write("\r\n" + text + "\r\n")
    drawn = nil
  }

  /// Draws the line over what was drawn before.
  private func draw(_ line: EditedLine) {
    let layout = LineLayout(prompt: Self.prompt, line: line, columns: Terminal.columns)
    var text = "\r"
    if let drawn, drawn.cursorRow > 0 { text += "\u{1B}[\(drawn.cursorRow)A" }
    text += "\u{1B}[J" + layout.rows.joined(separator: "\r\n") + "\r"
    let up = layout.rows.count - 1 - layout.cursorRow
    if up > 0 { text += "\u{1B}[\(up)A" }
    if layout.cursorColumn > 0 { text += "\u{1B}[\(layout.cursorColumn)C" }
    StandardError.write(text)
    drawn = layout
  }
}

/// A line being edited, and the place in the history that it came from.
private struct Edit {
  var line = EditedLine()
  private let history: [String]
  private var place: Int
  /// What was written before the history was looked at.
  private var draft = ""

  init(history: [String]) {
    self.history = history
    place = history.count
  }

  mutating func reset() {
    line = EditedLine()
    place = history.count
  }

  /// Takes the line that stands `step` lines away in the history.
  mutating func recall(by step: Int) {
    let next = place + step
    guard (0...history.count).contains(next) else { return }
    if place == history.count { draft = line.text }
    place = next
    line = EditedLine(next == history.count ? draft : history[next])
  }
}

/// The terminal while each key comes as it is pressed, unechoed.
private struct RawTerminal {
  private let original: termios

  /// Nil where the terminal does not allow it.
  init?() {
    var settings = termios()
    guard unsafe tcgetattr(STDIN_FILENO, &settings) == 0 else { return nil }
    original = settings
    settings.c_iflag &= ~tcflag_t(BRKINT | ICRNL | INPCK | ISTRIP | IXON)
    settings.c_lflag &= ~tcflag_t(ECHO | ICANON | IEXTEN | ISIG)
    guard unsafe tcsetattr(STDIN_FILENO, TCSADRAIN, &settings) == 0 else { return nil }
    // Bracketed paste: the terminal marks what is pasted, so that its line ends are not Enter.
    StandardError.write("\u{1B}[?2004h")
  }

  func restore() {
    StandardError.write("\u{1B}[?2004l")
    var settings = original
    _ = unsafe tcsetattr(STDIN_FILENO, TCSADRAIN, &settings)
  }
}
