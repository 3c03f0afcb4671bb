internal import ApusJSON

// Words about objects.

extension SchemaReader {
  func objects() throws(SchemaError) -> [ObjectShape] {
    var shape = ObjectShape()
    var named: [[UInt8]] = []
    if let properties = try members(.properties) {
      let place = place.at(Keyword.properties.rawValue)
      for (key, value) in zip(properties.keys, properties.values) {
        named.append(Array(key.utf8))
        let condition = try child(value, place.at(key))
        shape.rules.append(.init(keys: StringSet([Array(key.utf8)]), condition: condition))
      }
    }
    var patterns: [TextPattern] = []
    if let members = try members(.patternProperties) {
      let place = place.at(Keyword.patternProperties.rawValue)
      for (key, value) in zip(members.keys, members.values) {
        let pattern = try add(TextPattern(text: key, isWhole: false), place.at(key), ofKeys: true)
        patterns.append(pattern)
        shape.rules.append(.init(keys: StringSet(pattern), condition: try child(value, place.at(key))))
      }
    }
    if let others = try child(.additionalProperties), others != .always {
      let keys = try kept(.additionalProperties, try remaining(named, patterns))
      shape.rules.append(.init(keys: keys, condition: others))
    }
    if let others = try child(.unevaluatedProperties), others != .always, self[.additionalProperties] == nil {
      let evaluated = try EvaluatedProperties(store, resource: resource).of(.object(object), at: place)
      let keys = try kept(
        .unevaluatedProperties, try remaining(named + evaluated.names, patterns + evaluated.patterns))
      if !evaluated.all { shape.rules.append(.init(keys: keys, condition: others)) }
    }
    if let names = try child(.propertyNames), names != .always {
      let allowed = try store.expand(names).strings
      let keys = try kept(.propertyNames, try allowed.complement(store.texts))
      shape.rules.append(.init(keys: keys, condition: .never))
    }
    if let value = self[.required] {
      // Draft 3 wrote `true` at the property itself; later drafts know no such word.
      if case .bool = value {
      } else {
        var seen: Set<[UInt8]> = []
        for name in try names(value, place.at(Keyword.required.rawValue)) where seen.insert(name).inserted {
          shape.demands.append([.init(keys: StringSet([name]), condition: .always)])
        }
      }
    }
    shape.minimumCount = try count(.minProperties) ?? 0
    shape.maximumCount = try count(.maxProperties)
    if let most = shape.maximumCount, most < shape.minimumCount { return [] }
    return [shape]
  }

  /// The keys that are neither named nor matched.
  private func remaining(_ named: [[UInt8]], _ patterns: [TextPattern]) throws(NotComputable) -> StringSet {
    var rest = StringSet(except: named)
    for pattern in patterns { rest = try rest.intersection(StringSet(pattern, matches: false), store.texts) }
    return rest
  }
}

/// Which properties other words of a schema have looked at, where that does not depend on the value.
struct EvaluatedProperties {
  private let store: SchemaStore
  private let resource: Int
  private(set) var names: [[UInt8]] = []
  private(set) var patterns: [TextPattern] = []
  private(set) var all = false

  init(_ store: SchemaStore, resource: Int) { (self.store, self.resource) = (store, resource) }

  func of(_ schema: JSONValue, at place: Place) throws(SchemaError) -> EvaluatedProperties {
    var found = self
    try found.add(schema, at: place, isRoot: true, depth: 0)
    return found
  }

  private mutating func add(_ schema: JSONValue, at place: Place, isRoot: Bool, depth: Int) throws(SchemaError) {
    guard case .object(let object) = schema else { return }
    guard depth < SchemaStore.depthLimit else { throw place.error("nested deeper than \(SchemaStore.depthLimit)") }
    for (key, value) in zip(object.keys, object.values) {
      switch Keyword.named[key] {
      case .properties:
        if case .object(let members) = value { names += members.keys.map { Array($0.utf8) } }
      case .patternProperties:
        if case .object(let members) = value {
          for pattern in members.keys {
            let pattern = TextPattern(text: pattern, isWhole: false)
            do { try store.texts.add(pattern, ofKeys: true) } catch { throw place.at(key).error(error.advice) }
            patterns.append(pattern)
          }
        }
      case .additionalProperties: all = true
      case .unevaluatedProperties: if !isRoot { all = true }
      case .allOf:
        if case .array(let parts) = value {
          for (index, part) in parts.enumerated() {
            try add(part, at: place.at(key).at(index), isRoot: false, depth: depth + 1)
          }
        }
      case .reference:
        guard case .string(let text) = value else { continue }
        let reference = SchemaNode.Reference(resource: resource, text: text)
        do {
          let found = try store.document.resolve(reference)
          try add(found.value, at: found.place, isRoot: false, depth: depth + 1)
        } catch let error as NotComputable { throw place.at(key).error(error.reason) } catch let error as SchemaError {
          throw error
        } catch {}
      case .anyOf, .oneOf, .condition, .consequence, .alternative, .dependentSchemas, .dependencies:
        throw place.at(key).error(
          "cannot be kept beside unevaluatedProperties: use additionalProperties in each schema")
      default: break
      }
    }
  }
}
