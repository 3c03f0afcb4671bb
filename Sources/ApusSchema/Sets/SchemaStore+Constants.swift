internal import ApusJSON

extension SchemaStore {
  /// The set of one value.
  func constant(_ value: JSONValue, at place: Place) throws(SchemaError) -> ValueSet {
    var set = ValueSet.none
    switch value {
    case .null: set.null = true
    case .bool(let value): set.booleans = value ? .yes : .no
    case .int, .unsigned, .double:
      guard let number = DecimalNumber(value) else { throw place.error("a number must be finite") }
      set.numbers = NumberSet([number])
    case .string(let text): set.strings = StringSet([Array(text.utf8)])
    case .array(let elements):
      var shape = ArrayShape(minimumCount: elements.count, maximumCount: elements.count)
      for (index, element) in elements.enumerated() {
        let item = try intern(try constant(element, at: place), at: place)
        shape.rules.append(.init(positions: .init(first: index, end: index + 1), condition: item))
      }
      set.arrays = [shape]
    case .object(let object):
      var shape = ObjectShape()
      for (key, value) in zip(object.keys, object.values) {
        let key = StringSet([Array(key.utf8)])
        shape.rules.append(.init(keys: key, condition: try intern(try constant(value, at: place), at: place)))
        shape.demands.append([.init(keys: key, condition: .always)])
      }
      shape.rules.append(.init(keys: StringSet(except: object.keys.map { Array($0.utf8) }), condition: .never))
      set.objects = [shape]
    }
    return set
  }
}
