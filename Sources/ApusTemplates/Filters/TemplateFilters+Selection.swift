extension TemplateFilters {
  /// Filters that apply another filter or a test to every item.
  static let selection: [String: Function] = [
    "map": { (interpreter, value, arguments) throws(TemplateError) in try map(interpreter, value, arguments) },
    "select": { (interpreter, value, arguments) throws(TemplateError) in
      try select(interpreter, value, arguments, keeps: true, byAttribute: false)
    },
    "reject": { (interpreter, value, arguments) throws(TemplateError) in
      try select(interpreter, value, arguments, keeps: false, byAttribute: false)
    },
    "selectattr": { (interpreter, value, arguments) throws(TemplateError) in
      try select(interpreter, value, arguments, keeps: true, byAttribute: true)
    },
    "rejectattr": { (interpreter, value, arguments) throws(TemplateError) in
      try select(interpreter, value, arguments, keeps: false, byAttribute: true)
    },
  ]

  /// Collects what `body` makes of every item.
  ///
  /// An error ends the items and is thrown only when it is reached, as
  /// Jinja's generators do; limits and a wish to stop are thrown at once.
  private static func lazily(
    _ interpreter: TemplateInterpreter, _ value: TemplateValue,
    _ body: (TemplateValue) throws(TemplateError) -> TemplateValue?
  ) throws(TemplateError) -> TemplateValue {
    var kept: [TemplateValue] = []
    var failure: TemplateError?
    let place = interpreter.place
    do {
      guard value.isTrue else { return .iterator(try TemplateIterator("generator", [])) }
      for item in try interpreter.filterItems(value) {
        if let result = try body(item) { kept.append(result) }
      }
    } catch {
      guard error.kind != .limit, error.kind != .stopped else { throw error }
      interpreter.resume(at: place)
      failure = error
    }
    return .iterator(try TemplateIterator("generator", kept, failure: failure))
  }

  private static func map(
    _ interpreter: TemplateInterpreter, _ value: TemplateValue, _ arguments: TemplateArguments
  ) throws(TemplateError) -> TemplateValue {
    guard let first = arguments.positional.first else {
      guard arguments.named.contains(where: { $0.name == TemplateText("attribute", by: .template) }) else {
        throw .runtime("map requires a filter argument")
      }
      let bound = try arguments.bind("map", "attribute", "default")
      let path = try interpreter.path(bound[0])
      let initial = bound[1].flatMap { $0.isNone ? nil : $0 }
      return try lazily(interpreter, value) { (item) throws(TemplateError) in
        try interpreter.value(at: path, of: item, initial: initial)
      }
    }
    let name = try first.requireText("the filter's name").string
    var rest = arguments
    rest.positional.removeFirst()
    return try lazily(interpreter, value) { (item) throws(TemplateError) in
      guard let function = table[name] else {
        throw .runtime("map: no filter has the name that was given")
      }
      // A filter may apply another one by name: map('map', …).
      try interpreter.descend()
      let result = try function(interpreter, item, rest)
      interpreter.ascend()
      return result
    }
  }

  private static func select(
    _ interpreter: TemplateInterpreter, _ value: TemplateValue, _ arguments: TemplateArguments, keeps: Bool,
    byAttribute: Bool
  ) throws(TemplateError) -> TemplateValue {
    var rest = arguments
    var path: [TemplateValue] = []
    if byAttribute {
      guard let attribute = arguments.positional.first else {
        throw .runtime("Missing parameter for attribute name")
      }
      path = try interpreter.path(attribute)
      rest.positional.removeFirst()
    }
    var name: String?
    if let first = rest.positional.first {
      name = try first.requireText("the test's name").string
      rest.positional.removeFirst()
    }
    return try lazily(interpreter, value) { (item) throws(TemplateError) in
      let tested = try interpreter.value(at: path, of: item)
      guard let name else { return tested.isTrue == keeps ? item : nil }
      guard let test = TemplateTests.table[name] else {
        throw .runtime("select: no test has the name that was given")
      }
      return try test(interpreter, tested, rest) == keeps ? item : nil
    }
  }
}
