/// A line that a person edits: whole characters, and a cursor between them.
package struct EditedLine: Equatable {
  package private(set) var characters: [Character] = []
  package private(set) var cursor = 0

  /// A line with the cursor at its end.
  package init(_ text: String = "") {
    characters = Array(text)
    cursor = characters.count
  }

  package var text: String { String(characters) }
  package var isEmpty: Bool { characters.isEmpty }

  /// Does what `key` says, where it is about the line itself.
  package mutating func apply(_ key: Key) {
    switch key {
    case .insert(let text), .paste(let text): insert(text)
    case .left: cursor = max(0, cursor - 1)
    case .right: cursor = min(characters.count, cursor + 1)
    case .home: cursor = 0
    case .end: cursor = characters.count
    case .wordLeft: cursor = wordStart
    case .wordRight: cursor = wordEnd
    case .backspace: remove(max(0, cursor - 1)..<cursor)
    case .delete: remove(cursor..<min(characters.count, cursor + 1))
    case .killToEnd: remove(cursor..<characters.count)
    case .killToStart: remove(0..<cursor)
    case .killWord: remove(wordStart..<cursor)
    case .enter, .cancel, .endOfInput, .up, .down, .clearScreen: break
    }
  }

  /// Inserts text; a scalar that belongs to the character before it joins that one.
  private mutating func insert(_ text: String) {
    let before = String(characters[..<cursor]) + text
    let after = characters[cursor...]
    let joined = Array(before)
    characters = joined + after
    cursor = joined.count
  }

  private mutating func remove(_ range: Range<Int>) {
    characters.removeSubrange(range)
    cursor = range.lowerBound
  }

  private var wordStart: Int {
    var position = cursor
    while position > 0, characters[position - 1].isWhitespace { position -= 1 }
    while position > 0, !characters[position - 1].isWhitespace { position -= 1 }
    return position
  }

  private var wordEnd: Int {
    var position = cursor
    while position < characters.count, characters[position].isWhitespace { position += 1 }
    while position < characters.count, !characters[position].isWhitespace { position += 1 }
    return position
  }
}

/// How an edited line lies on the rows of a terminal.
package struct LineLayout: Equatable {
  package private(set) var rows: [String] = [""]
  /// Where the cursor is, from the first row and column.
  package private(set) var cursorRow = 0
  package private(set) var cursorColumn = 0
  private var width = 0

  /// Lays `line` behind `prompt` in rows of `columns`.
  package init(prompt: String, line: EditedLine, columns: Int) {
    let columns = max(4, columns)
    for character in prompt { add(character, columns) }
    for (index, character) in line.characters.enumerated() {
      if index == line.cursor { markCursor(nextWidth: displayWidth(of: visible(character)), columns) }
      add(visible(character), columns)
    }
    if line.cursor == line.characters.count { markCursor(nextWidth: 1, columns) }
    while rows.count <= cursorRow { rows.append("") }
  }

  private mutating func add(_ character: Character, _ columns: Int) {
    let characterWidth = displayWidth(of: character)
    if width + characterWidth > columns {
      rows.append("")
      width = 0
    }
    rows[rows.count - 1].append(character)
    width += characterWidth
  }

  /// The cursor stands where the next character will: in a new row if it does not fit this one.
  private mutating func markCursor(nextWidth: Int, _ columns: Int) {
    let wraps = width + nextWidth > columns
    cursorRow = rows.count - (wraps ? 0 : 1)
    cursorColumn = wraps ? 0 : width
  }

  /// Line ends and tabs take one column, other controls too.
  private func visible(_ character: Character) -> Character {
    guard let scalar = character.unicodeScalars.first, scalar.value < 0x20 || (0x7F...0x9F).contains(scalar.value)
    else {
      return character
    }
    return scalar == "\n" || scalar == "\r" ? "↵" : scalar == "\t" ? "→" : "·"
  }
}
