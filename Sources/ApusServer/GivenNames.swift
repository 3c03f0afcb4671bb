internal import Synchronization

/// Names that models got while the server runs; they are forgotten when it ends.
final class GivenNames: Sendable {
  /// A name and the model that has it, by its number.
  struct Entry: Sendable {
    let name: String
    let model: Int
  }

  private static let limit = 256
  private let entries = Mutex<[Entry]>([])

  /// All of them, in the order in which they were given.
  var list: [Entry] { entries.withLock { $0 } }

  /// The model that has this name; nil for none.
  func model(named name: String) -> Int? { list.first { $0.name.isSameModelName(as: name) }?.model }

  /// Gives the name to a model, which another may have had; throws where it is no name, or there are too many.
  func give(_ name: String, to model: Int) throws(Refusal) {
    try Self.check(name)
    try entries.withLock { entries throws(Refusal) in
      entries.removeAll { $0.name.isSameModelName(as: name) }
      guard entries.count < Self.limit else {
        throw .invalid(nil, "models have \(Self.limit) names more already: delete one")
      }
      entries.append(Entry(name: name, model: model))
    }
  }

  /// Takes the name away; false where no model has it.
  func take(_ name: String) -> Bool {
    entries.withLock { entries in
      let count = entries.count
      entries.removeAll { $0.name.isSameModelName(as: name) }
      return entries.count < count
    }
  }

  /// Takes all names of a model away.
  func takeAll(of model: Int) { entries.withLock { $0.removeAll { $0.model == model } } }

  /// Throws where a text can be no model's name.
  static func check(_ name: String) throws(Refusal) {
    guard (1...RequestLimits().modelNameByteCount).contains(name.utf8.count), name.utf8.allSatisfy(isInNames) else {
      throw .invalid(nil, "invalid model name: use letters, digits, '.', '_', '-', '/' and a tag after ':'")
    }
  }

  private static func isInNames(_ byte: UInt8) -> Bool {
    switch byte {
    case UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "a")...UInt8(ascii: "z"),
      UInt8(ascii: "A")...UInt8(ascii: "Z"), UInt8(ascii: "."), UInt8(ascii: "_"), UInt8(ascii: "-"),
      UInt8(ascii: "/"), UInt8(ascii: ":"), UInt8(ascii: "@"):
      true
    default: false
    }
  }
}
