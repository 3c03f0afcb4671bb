internal import ApusCore

/// Walks the tree of tokens through one state of a terminal.
struct TerminalWalk {
  /// A node on the way, and where it is in the terminal.
  private struct Place {
    var node: Int32
    var state: Int32
    /// Whether something below it was left out because the terminal does not go on so.
    var isLeft: Bool
  }

  private let trie: TokenTrie
  /// Tokens of up to so many bytes are left out.
  private let shortest: Int32
  private var automaton: TerminalAutomaton
  private var way: [Place]
  private var inside: [Token] = []
  private var exits: [Int32] = []

  init(_ terminal: LanguageID, _ trie: TokenTrie, longerThan length: Int = 0, classes: Int) {
    self.trie = trie
    shortest = Int32(length)
    automaton = TerminalAutomaton(terminal, classes: classes)
    way = Array(repeating: Place(node: -1, state: automaton.start, isLeft: true), count: trie.depth + 1)
  }

  /// The tokens and exits that are found before the table takes more than `byteLimit` bytes.
  mutating func run(_ table: inout LanguageTable, byteLimit: Int) -> (inside: [Token], exits: [Int32]) {
    var index = 0
    while index < trie.nodes.count {
      if index & 255 == 0, table.byteCount > byteLimit { break }
      let node = trie.nodes[index]
      let depth = Int(node.depth)
      if node.deepest <= shortest {
        index = Int(node.end)
        continue
      }
      let next = automaton.step(way[depth - 1].state, node.byte, &table)
      guard next != TerminalAutomaton.dead else {
        leave(depth - 1, table)
        index = Int(node.end)
        continue
      }
      way[depth] = Place(node: Int32(index), state: next, isLeft: false)
      if node.token >= 0, node.depth > shortest { inside.append(node.token) }
      index += 1
    }
    return (inside, exits)
  }

  /// Notes that tokens below the place at `depth` leave the terminal: all places above it at which it can end are exits.
  private mutating func leave(_ depth: Int, _ table: borrowing LanguageTable) {
    var depth = depth
    while !way[depth].isLeft {
      way[depth].isLeft = true
      if table.has(.nullable, automaton.language(way[depth].state)) { exits.append(way[depth].node) }
      depth -= 1
    }
  }
}

/// The states of a terminal that a walk comes to, close together: a walk takes hundreds of thousands of steps.
struct TerminalAutomaton {
  static let dead: Int32 = 0
  private static let unknown: Int32 = -1
  let start: Int32 = 1

  private var languages: [LanguageID]
  private var states: [LanguageID: Int32]
  private var rows: [Int32]
  private let classes: Int

  init(_ terminal: LanguageID, classes: Int) {
    self.classes = classes
    languages = [LanguageTable.nothing, terminal]
    states = [LanguageTable.nothing: Self.dead, terminal: start]
    rows = Array(repeating: Self.unknown, count: 2 * classes)
  }

  func language(_ state: Int32) -> LanguageID { languages[Int(state)] }

  mutating func step(_ state: Int32, _ byte: UInt8, _ table: inout LanguageTable) -> Int32 {
    let `class` = Int(table.classes.classOfByte[Int(byte)])
    let known = rows[Int(state) * classes + `class`]
    return known >= 0 ? known : explore(state, `class`, &table)
  }

  private mutating func explore(_ state: Int32, _ class: Int, _ table: inout LanguageTable) -> Int32 {
    let language = table.derivative(languages[Int(state)], `class`)
    let next: Int32
    if let known = states[language] {
      next = known
    } else {
      next = Int32(languages.count)
      states[language] = next
      languages.append(language)
      rows.append(contentsOf: repeatElement(Self.unknown, count: classes))
    }
    rows[Int(state) * classes + `class`] = next
    return next
  }
}
