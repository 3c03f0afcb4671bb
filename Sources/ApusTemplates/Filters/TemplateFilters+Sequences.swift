extension TemplateFilters {
  /// Filters on whole sequences.
  static let sequences: [String: Function] = [
    "length": length,
    "count": length,
    "list": { (interpreter, value, arguments) throws(TemplateError) in
      try arguments.none("list")
      return try .list(try interpreter.filterItems(value))
    },
    "first": { (interpreter, value, arguments) throws(TemplateError) in
      try arguments.none("first")
      return try interpreter.firstItem(of: value) ?? .undefined(.hint("No first item, sequence was empty."))
    },
    "last": { (interpreter, value, arguments) throws(TemplateError) in
      try arguments.none("last")
      if case .iterator = value { throw .runtime("'\(value.typeName)' object is not reversible") }
      return try interpreter.filterItems(value).last ?? .undefined(.hint("No last item, sequence was empty."))
    },
    "reverse": { (interpreter, value, arguments) throws(TemplateError) in
      try arguments.none("reverse")
      if case .text(let text) = value {
        return .text(text.slice(SliceRange(start: nil, stop: nil, step: -1, length: text.count)))
      }
      return .iterator(try TemplateIterator("list_reverseiterator", try interpreter.filterItems(value).reversed()))
    },
    "join": { (interpreter, value, arguments) throws(TemplateError) in try join(interpreter, value, arguments) },
    "sort": { (interpreter, value, arguments) throws(TemplateError) in try sort(interpreter, value, arguments) },
    "dictsort": { (interpreter, value, arguments) throws(TemplateError) in
      try dictionarySort(interpreter, value, arguments)
    },
    "unique": { (interpreter, value, arguments) throws(TemplateError) in try unique(interpreter, value, arguments) },
    "min": { (interpreter, value, arguments) throws(TemplateError) in
      try extreme(interpreter, value, arguments, isMaximum: false)
    },
    "max": { (interpreter, value, arguments) throws(TemplateError) in
      try extreme(interpreter, value, arguments, isMaximum: true)
    },
    "sum": { (interpreter, value, arguments) throws(TemplateError) in
      let bound = try arguments.bind("sum", "attribute", "start")
      let path = try interpreter.path(bound[0])
      var total = bound[1] ?? .int(0)
      if case .text = total { throw .runtime("sum() can't sum strings") }
      for item in try interpreter.filterItems(value) {
        total = try interpreter.arithmetic(total, .add, try interpreter.value(at: path, of: item))
      }
      return total
    },
    "batch": { (interpreter, value, arguments) throws(TemplateError) in try batch(interpreter, value, arguments) },
    "slice": { (interpreter, value, arguments) throws(TemplateError) in try slice(interpreter, value, arguments) },
    "groupby": { (interpreter, value, arguments) throws(TemplateError) in
      try group(interpreter, value, arguments)
    },
    "items": { (_, value, arguments) throws(TemplateError) in
      try arguments.none("items")
      if value.isUndefined { return .iterator(try TemplateIterator("generator", [])) }
      guard case .dictionary(let dictionary) = value else { throw .runtime("Can only get item pairs from a mapping.") }
      return .iterator(try TemplateIterator("generator", try dictionary.pairs()))
    },
  ]

  private static let length: Function = { (interpreter, value, arguments) throws(TemplateError) in
    try arguments.none("length")
    if case .loop(let number) = value { return .int(try interpreter.length(of: interpreter.loops[number])) }
    guard let length = value.length else { throw .runtime("object of type '\(value.typeName)' has no len()") }
    return .int(length)
  }

  private static func join(
    _ interpreter: TemplateInterpreter, _ value: TemplateValue, _ arguments: TemplateArguments
  ) throws(TemplateError) -> TemplateValue {
    let bound = try arguments.bind("join", "d", "attribute")
    let path = try interpreter.path(bound[1])
    let separator = try bound[0].map { (value) throws(TemplateError) in try interpreter.str(value) } ?? .empty
    var parts: [TemplateText] = []
    for item in try interpreter.filterItems(value) {
      parts.append(try interpreter.str(try interpreter.value(at: path, of: item)))
    }
    return .text(try interpreter.joined(parts, by: separator))
  }

  private static func sort(
    _ interpreter: TemplateInterpreter, _ value: TemplateValue, _ arguments: TemplateArguments
  ) throws(TemplateError) -> TemplateValue {
    let bound = try arguments.bind("sort", "reverse", "case_sensitive", "attribute")
    let isCaseSensitive = bound[1]?.isTrue ?? false
    // Several attributes may be named with commas between them.
    var paths = [try interpreter.path(bound[2])]
    if case .text(let names)? = bound[2] {
      paths = try names.split(by: Array(",".utf8), limit: .max, fromEnd: false).map {
        (name) throws(TemplateError) in try interpreter.path(.text(name))
      }
    }
    let items = try interpreter.filterItems(value)
    var keys: [TemplateValue] = []
    for item in items {
      var key: [TemplateValue] = []
      for path in paths { key.append(try interpreter.key(path, of: item, isCaseSensitive: isCaseSensitive)) }
      keys.append(key.count == 1 ? key[0] : try .list(key))
    }
    return try .list(try interpreter.sorted(items, by: keys, descending: bound[0]?.isTrue ?? false))
  }

  private static func dictionarySort(
    _ interpreter: TemplateInterpreter, _ value: TemplateValue, _ arguments: TemplateArguments
  ) throws(TemplateError) -> TemplateValue {
    let bound = try arguments.bind("dictsort", "case_sensitive", "by", "reverse")
    guard case .dictionary(let dictionary) = value else {
      if case .undefined(let undefined) = value { throw undefined.error }
      throw .runtime("dictsort needs a mapping, not '\(value.typeName)'")
    }
    let by = try bound[1]?.requireText("what to sort by").string ?? "key"
    guard by == "key" || by == "value" else { throw .runtime("You can only sort by either \"key\" or \"value\"") }
    var keys: [TemplateValue] = []
    for item in by == "key" ? dictionary.keys : dictionary.values {
      keys.append(try interpreter.key([], of: item, isCaseSensitive: bound[0]?.isTrue ?? false))
    }
    let pairs = try dictionary.pairs()
    return try .list(try interpreter.sorted(pairs, by: keys, descending: bound[2]?.isTrue ?? false))
  }

  private static func unique(
    _ interpreter: TemplateInterpreter, _ value: TemplateValue, _ arguments: TemplateArguments
  ) throws(TemplateError) -> TemplateValue {
    let bound = try arguments.bind("unique", "case_sensitive", "attribute")
    let path = try interpreter.path(bound[1])
    var seen: Set<TemplateKey> = []
    var kept: [TemplateValue] = []
    for item in try interpreter.filterItems(value) {
      let key = try interpreter.key(path, of: item, isCaseSensitive: bound[0]?.isTrue ?? false)
      if seen.insert(try interpreter.hashed(key)).inserted { kept.append(item) }
    }
    return .iterator(try TemplateIterator("generator", kept))
  }

  private static func extreme(
    _ interpreter: TemplateInterpreter, _ value: TemplateValue, _ arguments: TemplateArguments, isMaximum: Bool
  ) throws(TemplateError) -> TemplateValue {
    let bound = try arguments.bind(isMaximum ? "max" : "min", "case_sensitive", "attribute")
    let path = try interpreter.path(bound[1])
    var best: (item: TemplateValue, key: TemplateValue)?
    for item in try interpreter.filterItems(value) {
      let key = try interpreter.key(path, of: item, isCaseSensitive: bound[0]?.isTrue ?? false)
      guard let current = best else {
        best = (item, key)
        continue
      }
      if try isMaximum ? interpreter.less(current.key, key) : interpreter.less(key, current.key) { best = (item, key) }
    }
    return best?.item ?? .undefined(.hint("No aggregated item, sequence was empty."))
  }

  private static func batch(
    _ interpreter: TemplateInterpreter, _ value: TemplateValue, _ arguments: TemplateArguments
  ) throws(TemplateError) -> TemplateValue {
    let bound = try arguments.bind("batch", "linecount", "fill_with")
    let size = try (bound[0] ?? .none).requireIndex("the size of a batch")
    var batches: [TemplateValue] = []
    var batch: [TemplateValue] = []
    for item in try interpreter.filterItems(value) {
      if batch.count == size {
        batches.append(try .list(batch))
        batch = []
      }
      batch.append(item)
    }
    if !batch.isEmpty {
      if let fill = bound[1], !fill.isNone, batch.count < size {
        guard size <= TemplateLimits.elementCount else { throw .limit("a batch would be too long") }
        try interpreter.spend(size)
        batch += [TemplateValue](repeating: fill, count: size - batch.count)
      }
      batches.append(try .list(batch))
    }
    return .iterator(try TemplateIterator("generator", batches))
  }

  private static func slice(
    _ interpreter: TemplateInterpreter, _ value: TemplateValue, _ arguments: TemplateArguments
  ) throws(TemplateError) -> TemplateValue {
    let bound = try arguments.bind("slice", "slices", "fill_with")
    let count = try (bound[0] ?? .none).requireIndex("the number of slices")
    let items = try interpreter.filterItems(value)
    guard count != 0 else { throw .runtime("integer division or modulo by zero") }
    guard count > 0 else { return .iterator(try TemplateIterator("generator", [])) }
    guard count <= TemplateLimits.elementCount else { throw .limit("too many slices") }
    try interpreter.spend(count * 4)
    var slices: [TemplateValue] = []
    var start = 0
    for number in 0..<count {
      let isLonger = number < items.count % count
      let end = start + items.count / count + (isLonger ? 1 : 0)
      var slice = Array(items[start..<end])
      if let fill = bound[1], !fill.isNone, !isLonger { slice.append(fill) }
      slices.append(try .list(slice))
      start = end
    }
    return .iterator(try TemplateIterator("generator", slices))
  }

  private static func group(
    _ interpreter: TemplateInterpreter, _ value: TemplateValue, _ arguments: TemplateArguments
  ) throws(TemplateError) -> TemplateValue {
    let bound = try arguments.bind("groupby", "attribute", "default", "case_sensitive")
    let path = try interpreter.path(bound[0])
    let isCaseSensitive = bound[2]?.isTrue ?? false
    let items = try interpreter.filterItems(value)
    var keys: [TemplateValue] = []
    for item in items {
      keys.append(try interpreter.key(path, of: item, isCaseSensitive: isCaseSensitive, initial: bound[1]))
    }
    var groups: [(key: TemplateValue, items: [TemplateValue])] = []
    for item in try interpreter.sorted(items, by: keys, descending: false) {
      let key = try interpreter.key(path, of: item, isCaseSensitive: isCaseSensitive, initial: bound[1])
      // Only the key is taken out: with a second owner every group would be copied for each of its items.
      if let last = groups.last?.key, try interpreter.equal(last, key) {
        groups[groups.count - 1].items.append(item)
      } else {
        groups.append((key, [item]))
      }
    }
    var result: [TemplateValue] = []
    for group in groups {
      let name = try interpreter.value(at: path, of: group.items[0], initial: bound[1])
      result.append(.tuple(try TemplateSequence([name, try .list(group.items)], names: ["grouper", "list"])))
    }
    return try .list(result)
  }
}
