/// A value of the template language: Python's types as far as templates can meet them.
enum TemplateValue {
  case undefined(TemplateUndefined)
  case none
  case bool(Bool)
  case int(Int)
  case double(Double)
  case text(TemplateText)
  case list(TemplateSequence)
  case tuple(TemplateSequence)
  case dictionary(TemplateDictionary)
  case range(TemplateRange)
  /// What `dict.keys()`, `.values()` and `.items()` give.
  case view(TemplateDictionaryView)
  /// A generator: can be walked once.
  case iterator(TemplateIterator)
  case function(TemplateFunction)
  case method(TemplateMethod)
  case cycler(TemplateCycler)
  case joiner(TemplateJoiner)
  /// Mutable things are owned by the interpreter and named by number, so that no cycle or long chain of references
  /// can arise between values.
  case namespace(Int)
  case loop(Int)
  case macro(Int)

  static func list(_ items: [TemplateValue]) throws(TemplateError) -> TemplateValue {
    .list(try TemplateSequence(items))
  }

  static func tuple(_ items: [TemplateValue]) throws(TemplateError) -> TemplateValue {
    .tuple(try TemplateSequence(items))
  }

  static func text(_ string: String, by author: TextAuthor) -> TemplateValue { .text(TemplateText(string, by: author)) }

  static func undefined(_ reason: TemplateUndefined.Reason) -> TemplateValue { .undefined(TemplateUndefined(reason)) }

  /// How deep values are nested in this one: 0 for all that hold none.
  var nesting: Int {
    switch self {
    case .list(let sequence), .tuple(let sequence): sequence.nesting
    case .dictionary(let dictionary): dictionary.nesting
    case .view(let view): view.dictionary.nesting
    case .iterator(let iterator): iterator.nesting
    case .method(let method): method.receiver.nesting
    case .cycler(let cycler): cycler.items.nesting
    default: 0
    }
  }

  var isUndefined: Bool { if case .undefined = self { true } else { false } }
  var isNone: Bool { if case .none = self { true } else { false } }
}

/// The items of a list or tuple; never changed, as in Jinja's immutable sandbox.
final class TemplateSequence {
  let items: [TemplateValue]
  /// Attributes that name the first items: a group's `grouper` and `list`.
  let names: [String]
  let nesting: Int
  let weight: Int

  init(_ items: [TemplateValue], names: [String] = []) throws(TemplateError) {
    guard items.count <= TemplateLimits.elementCount else {
      throw .limit("a list would be longer than \(TemplateLimits.elementCount)")
    }
    self.items = items
    self.names = names
    var contents = TemplateContents()
    contents.add(items)
    nesting = try contents.containerNesting()
    weight = contents.weight
  }
}

/// The numbers of a `range`; a class, so that every value stays small.
final class TemplateRange {
  let start: Int
  let stop: Int
  let step: Int
  let count: Int

  init(start: Int, stop: Int, step: Int, count: Int) {
    (self.start, self.stop, self.step, self.count) = (start, stop, step, count)
  }

  /// The number at a position below `count`: always in range, though the product alone may not be.
  func number(_ index: Int) -> Int { start &+ index &* step }

  func item(_ index: Int) -> TemplateValue { .int(number(index)) }

  /// Whether `wanted` is among the numbers.
  func contains(_ wanted: Int) -> Bool {
    // A slice of two numbers can have a step that does not fit.
    guard count > 2 else { return (0..<count).contains { number($0) == wanted } }
    guard step > 0 ? wanted >= start : wanted <= start else { return false }
    // The distance of two 64-bit integers fits into an unsigned one.
    let distance = UInt(bitPattern: step > 0 ? wanted &- start : start &- wanted)
    let (index, rest) = distance.quotientAndRemainder(dividingBy: step.magnitude)
    return rest == 0 && index < UInt(count)
  }
}

/// One of the three views of a dictionary.
final class TemplateDictionaryView {
  enum Kind: String {
    case keys = "dict_keys"
    case values = "dict_values"
    case items = "dict_items"
  }

  let kind: Kind
  let dictionary: TemplateDictionary

  init(_ kind: Kind, _ dictionary: TemplateDictionary) {
    self.kind = kind
    self.dictionary = dictionary
  }

  func items() throws(TemplateError) -> [TemplateValue] {
    switch kind {
    case .keys: return dictionary.keys
    case .values: return dictionary.values
    case .items: return try dictionary.pairs()
    }
  }
}

/// A generator's items with the place it has reached, and the error that ends it where making an item failed.
final class TemplateIterator {
  let typeName: String
  let nesting: Int
  /// The weight of all items, those already taken included.
  let weight: Int
  private var items: ArraySlice<TemplateValue>
  private let failure: TemplateError?

  init(_ typeName: String, _ items: [TemplateValue], failure: TemplateError? = nil) throws(TemplateError) {
    self.typeName = typeName
    self.items = items[...]
    self.failure = failure
    var contents = TemplateContents()
    contents.add(items)
    nesting = try contents.containerNesting()
    weight = contents.weight
  }

  /// How many items are left.
  var count: Int { items.count }

  func next() throws(TemplateError) -> TemplateValue? {
    if let item = items.popFirst() { return item }
    if let failure { throw failure }
    return nil
  }

  func rest() throws(TemplateError) -> [TemplateValue] {
    let rest = Array(items)
    items = []
    if let failure { throw failure }
    return rest
  }
}

/// A method taken from a value but not yet called.
final class TemplateMethod {
  let receiver: TemplateValue
  let name: String

  init(_ receiver: TemplateValue, _ name: String) {
    self.receiver = receiver
    self.name = name
  }
}

/// Jinja's `cycler`: goes round its items.
final class TemplateCycler {
  let items: TemplateSequence
  var position = 0

  init(_ items: TemplateSequence) { self.items = items }
}

/// Jinja's `joiner`: empty the first time, its separator after that.
final class TemplateJoiner {
  let separator: TemplateText
  var isUsed = false

  init(_ separator: TemplateText) { self.separator = separator }
}

/// The global functions.
enum TemplateFunction: String, CaseIterable {
  case range, dict, namespace, cycler, joiner
  case raiseException = "raise_exception"
  case strftimeNow = "strftime_now"
}
