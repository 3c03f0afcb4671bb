/// Attributes, subscripts and iteration.
extension TemplateInterpreter {
  /// `value.name`: Python's attributes first, then the item of that name.
  func attribute(_ name: String, of value: TemplateValue) throws(TemplateError) -> TemplateValue {
    if let found = try ownAttribute(name, of: value) { return found }
    if case .dictionary(let dictionary) = value,
      let found = try self.value(.text(name, by: .template), in: dictionary.members)
    {
      return found
    }
    return .undefined(.attribute(name, ofType: value.attributeOwner))
  }

  /// An attribute that is not an item: a method, or a part of a namespace or loop.
  private func ownAttribute(_ name: String, of value: TemplateValue) throws(TemplateError) -> TemplateValue? {
    try spend(1 + name.utf8.count / Self.copiedBytesPerUnit)
    switch value {
    case .undefined(let undefined): throw undefined.error
    case .namespace(let number): return try self.value(.text(name, by: .template), in: namespaces[number].members)
    case .loop(let number): return try attribute(name, of: loops[number], value)
    case .macro(let number): return try attribute(name, of: macros[number].definition)
    case .tuple(let tuple):
      if let index = tuple.names.firstIndex(of: name) { return tuple.items[index] }
    case .cycler(let cycler) where name == "current": return cycler.items.items[cycler.position]
    default: break
    }
    // No method has a long name, and to hash one takes time.
    guard name.utf8.count <= TemplateMethods.longestName else { return nil }
    if TemplateMethods.isRefused(name, on: value) {
      return .undefined(.unsafeAttribute(name, ofType: value.typeName))
    }
    return TemplateMethods.exists(name, on: value) ? .method(TemplateMethod(value, name)) : nil
  }

  private func attribute(
    _ name: String, of macro: TemplateMacroDefinition
  ) throws(TemplateError) -> TemplateValue? {
    switch name {
    case "name": return .text(try copied(macro.name))
    case "arguments":
      var names: [TemplateValue] = []
      for parameter in macro.parameters { names.append(.text(try copied(parameter.name.text))) }
      return try .tuple(names)
    case "catch_kwargs": return .bool(macro.specials.kwargs != nil)
    case "catch_varargs": return .bool(macro.specials.varargs != nil)
    case "caller": return .bool(macro.specials.caller != nil)
    default: return nil
    }
  }

  /// A text of the template as a value.
  func copied(_ name: String) throws(TemplateError) -> TemplateText {
    try spend(8 + name.utf8.count / Self.copiedBytesPerUnit)
    return TemplateText(name, by: .template)
  }

  private func attribute(
    _ name: String, of loop: TemplateLoop, _ value: TemplateValue
  ) throws(TemplateError) -> TemplateValue? {
    switch name {
    case "index": return .int(loop.index)
    case "index0": return .int(loop.index - 1)
    case "first": return .bool(loop.index == 1)
    case "last": return .bool(try peek(loop) == nil)
    case "length": return .int(try length(of: loop))
    case "revindex": return .int(try length(of: loop) - loop.index + 1)
    case "revindex0": return .int(try length(of: loop) - loop.index)
    case "depth": return .int(loop.depth + 1)
    case "depth0": return .int(loop.depth)
    case "previtem":
      return loop.index > 1 ? loop.previous : .undefined(.hint("there is no previous item"))
    case "nextitem": return try peek(loop) ?? .undefined(.hint("there is no next item"))
    case "cycle", "changed": return .method(TemplateMethod(value, name))
    default: return nil
    }
  }

  /// `value[index]`: items first, then Python's attributes; undefined where neither is there.
  ///
  /// Only a name written in the template may appear in a message: any other may come from a conversation.
  func item(
    _ index: TemplateValue, of value: TemplateValue, isLiteral: Bool = false
  ) throws(TemplateError) -> TemplateValue {
    if case .undefined(let undefined) = value { throw undefined.error }
    if let found = try element(index, of: value) { return found }
    guard case .text(let name) = index else { return .undefined(.element(ofType: value.attributeOwner)) }
    try spend(name.byteCount / Self.copiedBytesPerUnit)
    if let found = try ownAttribute(name.string, of: value) { return found }
    let owner = value.attributeOwner
    return .undefined(isLiteral ? .attribute(name.string, ofType: owner) : .element(ofType: owner))
  }

  private func element(_ index: TemplateValue, of value: TemplateValue) throws(TemplateError) -> TemplateValue? {
    if case .dictionary(let dictionary) = value {
      do {
        return try self.value(index, in: dictionary.members)
      } catch {
        // What cannot be a key is not there.
        guard error.kind == .runtime else { throw error }
        return nil
      }
    }
    guard let number = index.index else { return nil }
    switch value {
    case .list(let sequence), .tuple(let sequence):
      return position(number, in: sequence.items.count).map { sequence.items[$0] }
    case .range(let range): return position(number, in: range.count).map { range.item($0) }
    case .text(let text):
      try spend(text.byteCount / Self.copiedBytesPerUnit)
      return position(number, in: text.count).map {
        .text(text.slice(SliceRange(start: $0, stop: $0 + 1, step: 1, length: $0 + 1)))
      }
    default: return nil
    }
  }

  private func position(_ index: Int, in count: Int) -> Int? {
    let position = index < 0 ? index + count : index
    return position >= 0 && position < count ? position : nil
  }

  /// `value[start:stop:step]`; unlike an index, an error for what cannot be cut.
  func slice(
    _ value: TemplateValue, _ start: TemplateValue, _ stop: TemplateValue, _ step: TemplateValue
  ) throws(TemplateError) -> TemplateValue {
    if case .undefined(let undefined) = value { throw undefined.error }
    try spend(value.textByteCount / Self.copiedBytesPerUnit)
    guard let length = value.length else { throw .runtime("'\(value.typeName)' object is not subscriptable") }
    guard start.isNone || start.index != nil, stop.isNone || stop.index != nil, step.isNone || step.index != nil
    else { throw .runtime("slice indices must be integers or None") }
    guard step.index != 0 else { throw .runtime("slice step cannot be zero") }
    let range = SliceRange(start: start.index, stop: stop.index, step: step.index ?? 1, length: length)
    try spend(range.count)
    switch value {
    case .text(let text):
      if step.index ?? 1 != 1 { try spend(text.byteCount * 2) }
      return .text(text.slice(range))
    case .list(let sequence): return try .list(range.indices.map { sequence.items[$0] })
    case .tuple(let sequence): return try .tuple(range.indices.map { sequence.items[$0] })
    case .range(let numbers):
      // The positions are inside of the range; only what lies behind its end could overflow, and is not used.
      return .range(
        TemplateRange(
          start: numbers.start &+ range.start &* numbers.step,
          stop: numbers.start &+ (range.start &+ range.count &* range.step) &* numbers.step,
          step: numbers.step &* range.step, count: range.count))
    default: throw .runtime("'\(value.typeName)' object cannot be sliced")
    }
  }

  /// What iterating over a value gives; `purpose` begins the message where it cannot be iterated.
  func items(of value: TemplateValue, for purpose: String) throws(TemplateError) -> [TemplateValue] {
    switch value {
    case .undefined: return []
    case .list(let sequence), .tuple(let sequence): return sequence.items
    case .dictionary(let dictionary): return dictionary.keys
    case .text(let text):
      try spend(text.byteCount * 4)
      guard text.byteCount <= TemplateLimits.elementCount * 4, text.count <= TemplateLimits.elementCount else {
        throw .limit("a text of more than \(TemplateLimits.elementCount) characters cannot be iterated")
      }
      return text.characters.map { .text($0) }
    case .range(let range):
      try spend(range.count)
      return (0..<range.count).map { range.item($0) }
    case .view(let view):
      if view.kind == .items { try spend(view.dictionary.count * 4) }
      return try view.items()
    case .iterator(let iterator):
      try spend(iterator.count / 2)
      return try iterator.rest()
    case .loop(let number):
      var rest: [TemplateValue] = []
      while let item = try peek(loops[number]) {
        try spend(4)
        loops[number].pendingStart += 1
        loops[number].index += 1
        rest.append(try .tuple([item, value]))
      }
      return rest
    default: throw .runtime("\(purpose) '\(value.typeName)' object")
    }
  }

  /// The first item of an iterable, leaving the rest of a generator in place.
  func firstItem(of value: TemplateValue) throws(TemplateError) -> TemplateValue? {
    if case .iterator(let iterator) = value { return try iterator.next() }
    if case .text(let text) = value {
      return text.isEmpty
        ? nil : .text(text.slice(SliceRange(start: 0, stop: 1, step: 1, length: 1)))
    }
    return try items(of: value, for: "not iterable:").first
  }
}
