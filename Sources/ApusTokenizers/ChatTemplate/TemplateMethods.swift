/// Python's methods of strings, dictionaries, lists and tuples.
enum TemplateMethods {
  typealias Method =
    @Sendable (TemplateInterpreter, TemplateValue, TemplateArguments) throws(TemplateError) -> TemplateValue

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

  private static func table(_ value: TemplateValue) -> [String: Method]? {
    switch value {
    case .text: TemplateTextMethods.table
    case .dictionary: TemplateCollectionMethods.dictionary
    case .list, .tuple, .range: TemplateCollectionMethods.sequence
    case .double: TemplateCollectionMethods.double
    case .cycler: TemplateCollectionMethods.cycler
    default: nil
    }
  }

  static func exists(_ name: String, on value: TemplateValue) -> Bool {
    guard table(value)?[name] != nil else { return false }
    if case .list = value { return true }
    return name != "copy" || !(value.typeName == "tuple" || value.typeName == "range")
  }

  static func call(
    _ name: String, on value: TemplateValue, _ interpreter: TemplateInterpreter, _ arguments: TemplateArguments
  ) throws(TemplateError) -> TemplateValue {
    guard let method = table(value)?[name] else {
      throw .runtime("'\(value.attributeOwner)' has no attribute '\(shortened(name, toByteCount: 64))'")
    }
    return try method(interpreter, value, arguments)
  }
}

/// The methods of everything but strings.
enum TemplateCollectionMethods {
  static let dictionary: [String: TemplateMethods.Method] = [
    "items": { (_, value, arguments) throws(TemplateError) in try view(.items, value, arguments) },
    "keys": { (_, value, arguments) throws(TemplateError) in try view(.keys, value, arguments) },
    "values": { (_, value, arguments) throws(TemplateError) in try view(.values, value, arguments) },
    "get": { (_, value, arguments) throws(TemplateError) in try get(value, arguments) },
    "copy": { (_, value, arguments) throws(TemplateError) in
      try arguments.none("copy")
      return value
    },
  ]

  static let sequence: [String: TemplateMethods.Method] = [
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
  ]

  static let double: [String: TemplateMethods.Method] = [
    "is_integer": { (_, value, arguments) throws(TemplateError) in
      try arguments.none("is_integer")
      return .bool(value.number.map { $0.isFinite && $0 == $0.rounded() } ?? false)
    }
  ]

  static let cycler: [String: TemplateMethods.Method] = [
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
  ]

  private static func view(
    _ kind: TemplateDictionaryView.Kind, _ value: TemplateValue, _ arguments: TemplateArguments
  ) throws(TemplateError) -> TemplateValue {
    try arguments.none(kind.rawValue)
    guard case .dictionary(let dictionary) = value else { return .none }
    return .view(TemplateDictionaryView(kind, dictionary))
  }

  private static func get(
    _ value: TemplateValue, _ arguments: TemplateArguments
  ) throws(TemplateError) -> TemplateValue {
    guard case .dictionary(let dictionary) = value, (1...2).contains(arguments.positional.count),
      arguments.named.isEmpty
    else { throw .runtime("get() takes one or two arguments") }
    let found = dictionary.value(try TemplateKey(arguments.positional[0]))
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
