internal import ApusText

/// Python's methods of strings, dictionaries, lists and tuples.
enum TemplateMethods {
  typealias Method = TemplateOperation<TemplateValue>.Body
  typealias Table = [String: TemplateOperation<TemplateValue>]

  /// Methods that change their receiver: refused by Jinja's immutable sandbox.
  private static let refused: [String: Set<String>] = [
    "list": ["append", "clear", "pop", "reverse", "insert", "sort", "extend", "remove"],
    "dict": ["clear", "pop", "popitem", "setdefault", "update"],
  ]

  static func isRefused(_ name: String, on value: TemplateValue) -> Bool {
    switch value {
    case .list: refused["list"]?.contains(name) == true
    case .dictionary: refused["dict"]?.contains(name) == true
    default: false
    }
  }

  /// The types that have methods.
  enum Owner: String, CaseIterable {
    case text = "str"
    case dictionary = "dict"
    case sequence = "list"
    case double = "float"
    case cycler

    var table: Table {
      switch self {
      case .text: TemplateTextMethods.table
      case .dictionary: TemplateCollectionMethods.dictionary
      case .sequence: TemplateCollectionMethods.sequence
      case .double: TemplateCollectionMethods.double
      case .cycler: TemplateCollectionMethods.cycler
      }
    }
  }

  private static func table(_ value: TemplateValue) -> Table? {
    switch value {
    case .text: Owner.text.table
    case .dictionary: Owner.dictionary.table
    case .list, .tuple, .range: Owner.sequence.table
    case .double: Owner.double.table
    case .cycler: Owner.cycler.table
    default: nil
    }
  }

  /// No name is longer, in bytes.
  static let longestName = 64

  static func exists(_ name: String, on value: TemplateValue) -> Bool {
    guard table(value)?[name] != nil else { return false }
    if case .list = value { return true }
    return name != "copy" || !(value.typeName == "tuple" || value.typeName == "range")
  }

  static func call(
    _ name: String, on value: TemplateValue, _ interpreter: TemplateInterpreter, _ arguments: TemplateArguments
  ) throws(TemplateError) -> TemplateValue {
    guard let method = table(value)?[name] else {
      throw .runtime("'\(value.attributeOwner)' has no attribute '\(name.shortened(toByteCount: 64, mark: "..."))'")
    }
    return try method(interpreter, value, arguments)
  }
}

/// The methods of everything but strings.
enum TemplateCollectionMethods {
  /// The methods that do not cost the standard; comparisons are paid for where they are done.
  private static let costs: [String: TemplateCost] = [
    "items": .constant, "keys": .constant, "values": .constant, "copy": .constant, "get": .constant,
    "index": .constant, "count": .constant, "is_integer": .constant, "next": .constant, "reset": .constant,
  ]

  private static func table(_ bodies: [String: TemplateMethods.Method]) -> TemplateMethods.Table {
    TemplateOperation.table(bodies, costs: costs)
  }

  static let dictionary = table([
    "items": { (_, value, arguments) throws(TemplateError) in try view(.items, value, arguments) },
    "keys": { (_, value, arguments) throws(TemplateError) in try view(.keys, value, arguments) },
    "values": { (_, value, arguments) throws(TemplateError) in try view(.values, value, arguments) },
    "get": { (interpreter, value, arguments) throws(TemplateError) in try get(interpreter, value, arguments) },
    "copy": { (_, value, arguments) throws(TemplateError) in
      try arguments.none("copy")
      return value
    },
  ])

  static let sequence = table([
    "index": { (interpreter, value, arguments) throws(TemplateError) in try index(interpreter, value, arguments) },
    "count": { (interpreter, value, arguments) throws(TemplateError) in
      let wanted = try arguments.only("count")
      var count = 0
      for item in try interpreter.items(of: value, for: "") where try interpreter.equal(item, wanted) { count += 1 }
      return .int(count)
    },
    "copy": { (_, value, arguments) throws(TemplateError) in
      try arguments.none("copy")
      return value
    },
  ])

  static let double = table([
    "is_integer": { (_, value, arguments) throws(TemplateError) in
      try arguments.none("is_integer")
      return .bool(value.number.map { $0.isFinite && $0 == $0.rounded() } ?? false)
    }
  ])

  static let cycler = table([
    "next": { (_, value, arguments) throws(TemplateError) in
      try arguments.none("next")
      guard case .cycler(let cycler) = value else { return .none }
      defer { cycler.position = (cycler.position + 1) % cycler.items.items.count }
      return cycler.items.items[cycler.position]
    },
    "reset": { (_, value, arguments) throws(TemplateError) in
      try arguments.none("reset")
      if case .cycler(let cycler) = value { cycler.position = 0 }
      return .none
    },
  ])

  private static func view(
    _ kind: TemplateDictionaryView.Kind, _ value: TemplateValue, _ arguments: TemplateArguments
  ) throws(TemplateError) -> TemplateValue {
    try arguments.none(kind.rawValue)
    guard case .dictionary(let dictionary) = value else { return .none }
    return .view(TemplateDictionaryView(kind, dictionary))
  }

  private static func get(
    _ interpreter: TemplateInterpreter, _ value: TemplateValue, _ arguments: TemplateArguments
  ) throws(TemplateError) -> TemplateValue {
    guard case .dictionary(let dictionary) = value, (1...2).contains(arguments.positional.count),
      arguments.named.isEmpty
    else { throw .runtime("get() takes one or two arguments") }
    let found = try interpreter.value(arguments.positional[0], in: dictionary.members)
    return found ?? (arguments.positional.count > 1 ? arguments.positional[1] : .none)
  }

  private static func index(
    _ interpreter: TemplateInterpreter, _ value: TemplateValue, _ arguments: TemplateArguments
  ) throws(TemplateError) -> TemplateValue {
    guard (1...3).contains(arguments.positional.count), arguments.named.isEmpty else {
      throw .runtime("index() takes one to three arguments")
    }
    let items = try interpreter.items(of: value, for: "")
    var bounds: [Int] = []
    for bound in arguments.positional.dropFirst() { bounds.append(try bound.requireIndex("a bound of index()")) }
    let range = SliceRange(start: bounds.first, stop: bounds.dropFirst().first, step: 1, length: items.count)
    for index in range.indices where try interpreter.equal(items[index], arguments.positional[0]) {
      return .int(index)
    }
    throw .runtime("the value is not in the \(value.typeName)")
  }
}
