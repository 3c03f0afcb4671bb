internal import ApusJSON

// Words about arrays.

extension SchemaReader {
  func arrays() throws(SchemaError) -> [ArrayShape] {
    var shape = ArrayShape()
    var first = 0
    var rest = Keyword.items
    var prefix: (keyword: Keyword, schemas: [JSONValue])?
    if case .array(let schemas)? = self[.prefixItems] {
      prefix = (.prefixItems, schemas)
    } else if case .array(let schemas)? = self[.items] {
      prefix = (.items, schemas)
      rest = .additionalItems
    }
    if let prefix {
      let place = place.at(prefix.keyword.rawValue)
      for (index, schema) in prefix.schemas.enumerated() {
        shape.rules.append(
          .init(positions: .init(first: index, end: index + 1), condition: try child(schema, place.at(index))))
      }
      first = prefix.schemas.count
    }
    if let others = try child(rest), others != .always {
      shape.rules.append(.init(positions: .init(first: first), condition: others))
    } else if let others = try child(.unevaluatedItems), others != .always, self[rest] == nil {
      let hard = [Keyword.contains, .allOf, .anyOf, .oneOf, .condition, .reference].first { self[$0] != nil }
      if hard != nil {
        throw error(.unevaluatedItems, "cannot be kept beside \(hard?.rawValue ?? ""): use items in each schema")
      }
      shape.rules.append(.init(positions: .init(first: first), condition: others))
    }
    if let contained = try child(.contains) {
      let count = ArrayShape.ItemCount(
        rules: [.init(positions: .init(), condition: contained)], atLeast: try count(.minContains) ?? 1,
        atMost: try count(.maxContains))
      if count.atLeast > 0 || count.atMost != nil { shape.counts.append(count) }
    }
    shape.minimumCount = try count(.minItems) ?? 0
    shape.maximumCount = try count(.maxItems)
    if case .bool(true)? = self[.uniqueItems] { shape.isUnique = true }
    if let most = shape.maximumCount, most < shape.minimumCount { return [] }
    return [shape]
  }
}
