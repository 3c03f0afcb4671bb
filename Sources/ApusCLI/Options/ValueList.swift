internal import ArgumentParser

/// Several values of one option, separated by commas: `1,2,4`.
struct ValueList<Value: ExpressibleByArgument>: ExpressibleByArgument {
  let values: [Value]

  init(_ values: [Value]) { self.values = values }

  /// Reads the values; nil where one of them is not right or there is none.
  init?(argument: String) {
    values = argument.split(separator: ",", omittingEmptySubsequences: false).compactMap { Value(argument: String($0)) }
    guard !values.isEmpty, values.count == argument.count(where: { $0 == "," }) + 1 else { return nil }
  }

  var defaultValueDescription: String { values.map(\.defaultValueDescription).joined(separator: ",") }
}

extension ValueList<Int> {
  /// Throws where a value is not in `range`.
  func check(_ option: String, _ range: ClosedRange<Int>) throws {
    for value in values where !range.contains(value) {
      throw ValidationError("\(option) must be from \(range.lowerBound) to \(range.upperBound), not \(value)")
    }
  }
}
