/// The variables of one block, loop round or macro call; what is not here is looked for in `parent`.
final class TemplateScope {
  /// nil where the template's own variables come next.
  let parent: TemplateScope?
  private var numbers: [Int] = []
  private var values: [TemplateValue] = []
  /// Positions by number, kept only where a linear search would cost more.
  private var positions: [Int: Int] = [:]
  private static let linearLimit = 16

  init(parent: TemplateScope?) { self.parent = parent }

  private func position(of number: Int) -> Int? {
    numbers.count <= Self.linearLimit ? numbers.firstIndex(of: number) : positions[number]
  }

  subscript(number: Int) -> TemplateValue? {
    get { position(of: number).map { values[$0] } }
    set {
      guard let newValue else { return }
      if let position = position(of: number) {
        values[position] = newValue
        return
      }
      numbers.append(number)
      values.append(newValue)
      if numbers.count == Self.linearLimit + 1 {
        for (position, number) in numbers.enumerated() { positions[number] = position }
      } else if numbers.count > Self.linearLimit {
        positions[number] = numbers.count - 1
      }
    }
  }
}

/// The attributes of a `namespace`, the only thing that a template can change.
struct TemplateNamespace {
  var members = TemplateMembers()
  /// Set while it is printed: it may hold itself.
  var isBeingPrinted = false
}

/// A macro with the scope in which it was defined.
struct TemplateMacro {
  let definition: TemplateMacroDefinition
  let scope: TemplateScope?
}

/// What a running `for` knows: Jinja's `loop`.
final class TemplateLoop {
  let statement: TemplateLoopStatement
  /// The scope around the loop, for its test and for `loop(…)`.
  let scope: TemplateScope?
  let depth: Int
  /// Items that were found but not yet walked.
  var pending: [TemplateValue] = []
  var pendingStart = 0
  var source: TemplateLoopSource
  var index = 0
  /// The number of items, where something asked for it or it is known.
  var knownLength: Int?
  var current: TemplateValue?
  var previous: TemplateValue?
  /// What `loop.changed` was last called with.
  var lastChanged: TemplateSequence?

  init(
    _ statement: TemplateLoopStatement, scope: TemplateScope?, depth: Int, source: TemplateLoopSource, length: Int?
  ) {
    self.statement = statement
    self.scope = scope
    self.depth = depth
    self.source = source
    knownLength = statement.test == nil ? length : nil
  }
}

/// Where a loop's items come from, one at a time.
enum TemplateLoopSource {
  case items([TemplateValue], next: Int)
  case range(TemplateRange, next: Int)
  case iterator(TemplateIterator)

  mutating func next() throws(TemplateError) -> TemplateValue? {
    switch self {
    case .items(let items, let next):
      guard next < items.count else { return nil }
      self = .items(items, next: next + 1)
      return items[next]
    case .range(let range, let next):
      guard next < range.count else { return nil }
      self = .range(range, next: next + 1)
      return range.item(next)
    case .iterator(let iterator): return try iterator.next()
    }
  }
}
