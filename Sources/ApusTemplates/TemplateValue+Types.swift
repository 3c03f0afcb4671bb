extension TemplateValue {
  /// The name of the type as Python gives it.
  var typeName: String {
    switch self {
    case .undefined: "Undefined"
    case .none: "NoneType"
    case .bool: "bool"
    case .int: "int"
    case .double: "float"
    case .text(let text): text.isMarkup ? "Markup" : "str"
    case .list: "list"
    case .tuple: "tuple"
    case .dictionary: "dict"
    case .range: "range"
    case .view(let view): view.kind.rawValue
    case .iterator(let iterator): iterator.typeName
    case .function, .method: "function"
    case .cycler: "Cycler"
    case .joiner: "Joiner"
    case .namespace: "Namespace"
    case .loop: "LoopContext"
    case .macro: "Macro"
    }
  }

  /// The name of the type as Jinja's messages on missing attributes give it.
  var attributeOwner: String {
    switch self {
    case .none: "None"
    default: typeName + " object"
    }
  }

  /// Python's `bool(value)`.
  var isTrue: Bool {
    switch self {
    case .undefined, .none: false
    case .bool(let value): value
    case .int(let value): value != 0
    case .double(let value): value != 0
    case .text(let text): !text.isEmpty
    case .list(let sequence), .tuple(let sequence): !sequence.items.isEmpty
    case .dictionary(let dictionary): dictionary.count > 0
    case .range(let range): range.count > 0
    case .view(let view): view.dictionary.count > 0
    case .iterator, .function, .method, .cycler, .joiner, .namespace, .loop, .macro: true
    }
  }

  /// The value as a whole number where Python would use it as one: integers and truth values.
  var index: Int? {
    switch self {
    case .int(let value): value
    case .bool(let value): value ? 1 : 0
    default: nil
    }
  }

  /// The value as a number for arithmetic that involves a float.
  var number: Double? {
    switch self {
    case .double(let value): value
    default: index.map(Double.init)
    }
  }

  /// The exact order of two numbers: below, at or above 0; NaN where there is none, nil for other types.
  func order(against other: TemplateValue) -> Double? {
    switch (self, other) {
    case (.double(let a), .double(let b)): return a < b ? -1 : a > b ? 1 : a == b ? 0 : .nan
    case (.double, _): return other.order(against: self).map { 0 - $0 }
    case (_, .double(let b)):
      guard let a = index else { return nil }
      if b.isNaN { return .nan }
      // The conversion rounds: where it gives b, the whole part of b decides.
      let approximate = Double(a)
      if approximate != b { return approximate < b ? -1 : 1 }
      guard let whole = Int(exactly: b) else { return -1 }
      return a < whole ? -1 : a > whole ? 1 : 0
    default: return nil
    }
  }

  /// The number of elements, or nil where Python's `len` fails.
  var length: Int? {
    switch self {
    case .undefined: 0
    case .text(let text): text.count
    case .list(let sequence), .tuple(let sequence): sequence.items.count
    case .dictionary(let dictionary): dictionary.count
    case .range(let range): range.count
    case .view(let view): view.dictionary.count
    default: nil
    }
  }

  var isCallable: Bool {
    switch self {
    case .function, .method, .macro, .loop, .joiner: true
    case .undefined: true  // Jinja's Undefined has __call__, which fails
    default: false
    }
  }

  /// Whether Python's `is` would hold: the same object, or equal constants.
  func isSame(as other: TemplateValue) -> Bool {
    switch (self, other) {
    case (.none, .none): true
    case (.bool(let a), .bool(let b)): a == b
    case (.int(let a), .int(let b)): a == b
    case (.double(let a), .double(let b)): a == b
    case (.text(let a), .text(let b)): a == b
    case (.list(let a), .list(let b)), (.tuple(let a), .tuple(let b)): a === b
    case (.dictionary(let a), .dictionary(let b)): a === b
    case (.undefined(let a), .undefined(let b)): a === b
    case (.iterator(let a), .iterator(let b)): a === b
    case (.cycler(let a), .cycler(let b)): a === b
    case (.joiner(let a), .joiner(let b)): a === b
    case (.function(let a), .function(let b)): a == b
    case (.namespace(let a), .namespace(let b)), (.macro(let a), .macro(let b)), (.loop(let a), .loop(let b)): a == b
    default: false
    }
  }
}
