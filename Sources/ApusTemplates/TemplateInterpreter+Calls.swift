internal import ApusText

/// Calls of functions, methods and macros.
extension TemplateInterpreter {
  /// Makes a macro's value: its definition with the present scope.
  func closure(_ definition: TemplateMacroDefinition) -> TemplateValue {
    macros.append(TemplateMacro(definition: definition, scope: scope))
    return .macro(macros.count - 1)
  }

  func call(_ callee: TemplateValue, _ arguments: TemplateArguments) throws(TemplateError) -> TemplateValue {
    try spend(TemplateBudget.unitsPerStep)
    switch callee {
    case .macro(let number): return .text(try call(macros[number], arguments))
    case .method(let method): return try call(method, arguments)
    case .function(let function): return try call(function, arguments)
    case .loop(let number): return .text(try recurse(loops[number], arguments))
    case .joiner(let joiner):
      try arguments.none("joiner")
      defer { joiner.isUsed = true }
      return .text(joiner.isUsed ? joiner.separator : .empty)
    case .undefined(let undefined): throw undefined.error
    default: throw .runtime("'\(callee.typeName)' object is not callable")
    }
  }

  private func call(_ method: TemplateMethod, _ arguments: TemplateArguments) throws(TemplateError) -> TemplateValue {
    if case .loop(let number) = method.receiver { return try call(method.name, of: loops[number], arguments) }
    return try TemplateMethods.call(method.name, on: method.receiver, self, arguments)
  }

  // MARK: Macros

  private func call(_ macro: TemplateMacro, _ arguments: TemplateArguments) throws(TemplateError) -> TemplateText {
    try descend()
    let outer = scope
    let callLine = line
    scope = TemplateScope(parent: macro.scope)
    try bind(arguments, to: macro.definition)
    let text = try capture(macro.definition.body)
    scope = outer
    line = callLine
    ascend()
    return text
  }

  private func bind(_ arguments: TemplateArguments, to macro: TemplateMacroDefinition) throws(TemplateError) {
    var named = arguments.named
    var nameByteCount = 0
    for (name, _) in named { nameByteCount += name.byteCount }
    var missing: [(name: TemplateName, initial: TemplateExpression?)] = []
    for (index, parameter) in macro.parameters.enumerated() {
      // A name can be compared with all that were given.
      try spend(4 + named.count + nameByteCount / Self.copiedBytesPerUnit)
      if index < arguments.positional.count {
        assign(parameter.name.number, arguments.positional[index])
      } else if let position = named.firstIndex(where: { $0.name.utf8.elementsEqual(parameter.name.text.utf8) }) {
        assign(parameter.name.number, named.remove(at: position).value)
      } else {
        missing.append(parameter)
      }
    }
    if let caller = macro.specials.caller {
      let position = named.firstIndex { $0.name == TemplateText("caller", by: .template) }
      let given = position.map { named.remove(at: $0).value }
      assign(caller.number, given ?? .undefined(.hint("No caller defined")))
    }
    try bindRest(named, arguments.positional.dropFirst(macro.parameters.count), to: macro)
    // Defaults are evaluated inside of the macro, after the arguments.
    for (name, initial) in missing {
      assign(
        name.number,
        try initial.map { (expression) throws(TemplateError) in try evaluate(expression) }
          ?? .undefined(.parameter(name.text)))
    }
  }

  private func bindRest(
    _ named: [(name: TemplateText, value: TemplateValue)], _ positional: ArraySlice<TemplateValue>,
    to macro: TemplateMacroDefinition
  ) throws(TemplateError) {
    if let kwargs = macro.specials.kwargs {
      var members = TemplateMembers()
      for (name, value) in named { try set(.text(name), value, in: &members) }
      assign(kwargs.number, .dictionary(try TemplateDictionary(members)))
    } else if let (name, _) = named.first {
      throw .runtime(
        "macro '\(macro.name.shortened(toByteCount: 64, mark: "..."))' takes no keyword argument "
          + "'\(name.string.shortened(toByteCount: 64, mark: "..."))'")
    }
    if let varargs = macro.specials.varargs {
      assign(varargs.number, try .tuple(Array(positional)))
    } else if !positional.isEmpty {
      throw .runtime(
        "macro '\(macro.name.shortened(toByteCount: 64, mark: "..."))' takes not more than \(macro.parameters.count) argument(s)"
      )
    }
  }

  // MARK: Loops

  /// `loop(items)`: the body of a recursive loop over other items.
  private func recurse(_ loop: TemplateLoop, _ arguments: TemplateArguments) throws(TemplateError) -> TemplateText {
    guard loop.statement.isRecursive else {
      throw .runtime("The loop must have the 'recursive' marker to be called recursively.")
    }
    let items = try arguments.only("loop")
    let outer = beginCapture()
    try descend()
    try run(loop.statement, over: items, scope: loop.scope, depth: loop.depth + 1)
    ascend()
    return endCapture(outer)
  }

  private func call(
    _ name: String, of loop: TemplateLoop, _ arguments: TemplateArguments
  ) throws(TemplateError) -> TemplateValue {
    guard arguments.named.isEmpty else { throw .runtime("loop.\(name)() takes no keyword arguments") }
    let values = arguments.positional
    if name == "cycle" {
      guard !values.isEmpty else { throw .runtime("no items for cycling given") }
      return values[(loop.index - 1) % values.count]
    }
    // Kept as one tuple, so that its nesting is bounded.
    let tuple = try TemplateSequence(values)
    var isChanged = true
    if let last = loop.lastChanged { isChanged = try !equal(.tuple(last), .tuple(tuple)) }
    loop.lastChanged = tuple
    return .bool(isChanged)
  }

  // MARK: Functions

  private func call(
    _ function: TemplateFunction, _ arguments: TemplateArguments
  ) throws(TemplateError) -> TemplateValue {
    try spend(function.cost.units(.none, arguments))
    switch function {
    case .range: return try range(arguments)
    case .dict: return .dictionary(try dictionary(arguments))
    case .namespace: return try namespace(arguments)
    case .cycler:
      guard !arguments.positional.isEmpty else { throw .runtime("at least one item has to be provided") }
      return .cycler(TemplateCycler(try TemplateSequence(arguments.positional)))
    case .joiner:
      let separator = try arguments.bind("joiner", "sep")[0] ?? .text(", ", by: .template)
      return .joiner(TemplateJoiner(try str(separator)))
    case .raiseException:
      let message = try arguments.bind("raise_exception", "message")[0] ?? .none
      throw TemplateError(.raised, try str(message).string)
    case .strftimeNow:
      let format = try (try arguments.bind("strftime_now", "format")[0] ?? .none).requireText("the format")
      guard let clock else { throw .runtime("strftime_now needs the time, and none was given") }
      return .text(try clock.formatted(format.string), by: format.origin.whole)
    }
  }

  private func range(_ arguments: TemplateArguments) throws(TemplateError) -> TemplateValue {
    var numbers: [Int] = []
    for value in arguments.positional { numbers.append(try value.requireIndex("an argument of range()")) }
    guard arguments.named.isEmpty, (1...3).contains(numbers.count) else {
      throw .runtime("range() takes one to three integers")
    }
    let start = numbers.count > 1 ? numbers[0] : 0
    let stop = numbers.count > 1 ? numbers[1] : numbers[0]
    let step = numbers.count > 2 ? numbers[2] : 1
    guard step != 0 else { throw .runtime("range() arg 3 must not be zero") }
    var count = 0
    if step > 0 ? start < stop : start > stop {
      // The distance of two 64-bit integers fits into an unsigned one.
      let distance = UInt(bitPattern: step > 0 ? stop &- start : start &- stop)
      let rounds = (distance - 1) / step.magnitude
      guard rounds < UInt(TemplateLimits.rangeCount) else {
        throw .limit("Range too big. The sandbox blocks ranges larger than \(TemplateLimits.rangeCount).")
      }
      count = Int(rounds) + 1
    }
    return .range(TemplateRange(start: start, stop: stop, step: step, count: count))
  }

  /// What `dict(…)` and `namespace(…)` are made from: a mapping or pairs, then keyword arguments.
  private func dictionary(_ arguments: TemplateArguments) throws(TemplateError) -> TemplateDictionary {
    var members = TemplateMembers()
    guard arguments.positional.count <= 1 else { throw .runtime("dict expected at most 1 argument") }
    if let first = arguments.positional.first {
      if case .dictionary(let dictionary) = first {
        members = dictionary.members
      } else {
        for pair in try items(of: first, for: "cannot make a dictionary from") {
          let parts = try items(of: pair, for: "cannot make a dictionary from")
          guard parts.count == 2 else { throw .runtime("a dictionary is made from pairs") }
          try set(parts[0], parts[1], in: &members)
        }
      }
    }
    for (name, value) in arguments.named { try set(.text(name), value, in: &members) }
    return try TemplateDictionary(members)
  }

  private func namespace(_ arguments: TemplateArguments) throws(TemplateError) -> TemplateValue {
    let dictionary = try dictionary(arguments)
    for key in dictionary.keys {
      guard case .text = key else { throw .runtime("the names of a namespace are strings") }
    }
    namespaces.append(TemplateNamespace(members: dictionary.members))
    return .namespace(namespaces.count - 1)
  }
}

extension TemplateFunction {
  /// What a call costs by its arguments.
  var cost: TemplateCost {
    switch self {
    case .range, .joiner: .constant
    // A message is copied.
    case .raiseException: TemplateCost(.texts, rate: 4)
    case .dict, .namespace: TemplateCost(.items, rate: 64)
    case .cycler: TemplateCost(.items, rate: 16)
    // A format of two bytes can stand for many.
    case .strftimeNow: TemplateCost(.texts, rate: 512)
    }
  }
}
