/// What a line of a chat asks for.
package enum ChatCommand: Sendable, Equatable {
  case say(String)
  case help, reset, leave, show
  case save(String), load(String)
  /// An option's name and value.
  case set(String, String)
  /// Something that begins with a slash and is no command, and what to do about it.
  case unknown(String)

  /// Reads a line.
  package init(_ line: String) {
    guard line.utf8.first == UInt8(ascii: "/") else {
      self = .say(line)
      return
    }
    let words = line.split(separator: " ", maxSplits: 1, omittingEmptySubsequences: true)
    let rest = words.count > 1 ? Self.trimmed(words[1]) : ""
    self = Self.command(String(words[0]), rest)
  }

  private static func command(_ name: String, _ rest: String) -> ChatCommand {
    switch name {
    case "/help", "/?": .help
    case "/exit", "/quit", "/bye": .leave
    case "/reset", "/clear": .reset
    case "/save": rest.isEmpty ? .unknown("/save needs a file: /save chat.json") : .save(rest)
    case "/load": rest.isEmpty ? .unknown("/load needs a file: /load chat.json") : .load(rest)
    case "/set": setting(rest)
    default: .unknown("\(name.prefix(40)) is no command: /help lists them")
    }
  }

  private static func setting(_ rest: String) -> ChatCommand {
    guard !rest.isEmpty else { return .show }
    let words = rest.split(separator: " ", maxSplits: 1, omittingEmptySubsequences: true)
    let value = words.count > 1 ? trimmed(words[1]) : ""
    return .set(String(words[0]), value)
  }

  private static func trimmed(_ text: Substring) -> String {
    let isSpace = { (character: Character) in character == " " || character == "\t" }
    let end = text.lastIndex { !isSpace($0) }.map(text.index(after:)) ?? text.startIndex
    return String(text[..<end].drop(while: isSpace))
  }

  /// What `/help` says.
  static let overview = """
    /set temperature 0.2   change any generation option (apus run --help lists them); /set alone shows them
    /reset                 forget the conversation
    /save FILE             write the conversation to a JSON file
    /load FILE             go on with a saved conversation
    /exit                  end (Ctrl-D does it too)
    Ctrl-C stops an answer.
    """
}
