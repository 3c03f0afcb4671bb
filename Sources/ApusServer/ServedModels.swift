internal import Synchronization

/// The server's models by their numbers: those that it was started with, and those that came while it runs.
///
/// A number means the same model as long as the server runs, also when that is served no longer: a request that has found
/// its model never meets another one.
final class ServedModels: Sendable {
  private struct Entry {
    let model: ServedModel
    var isServed = true
  }

  /// Names that there may be in all, of models that are served and of others.
  private static let limit = 1024
  private let entries: Mutex<[Entry]>

  init(_ models: [ServedModel]) { entries = Mutex(models.map { Entry(model: $0) }) }

  /// The model of a number, served or not.
  subscript(number: Int) -> ServedModel { entries.withLock { $0[number].model } }

  /// The numbers of the models that are served, in the order in which they came first; the first is the default.
  var numbers: [Int] { entries.withLock { entries in entries.indices.filter { entries[$0].isServed } } }

  /// The models that are served.
  var list: [ServedModel] { entries.withLock { $0.filter(\.isServed).map(\.model) } }

  /// Their names.
  var names: [String] { list.map(\.name) }

  /// The model that is served under this very name, or under the same one where no tag is the same as `:latest`.
  func number(named name: String) -> Int? {
    entries.withLock { entries in
      let served = entries.indices.filter { entries[$0].isServed }
      return served.first { entries[$0].model.name.utf8.elementsEqual(name.utf8) }
        ?? served.first { entries[$0].model.name.isSameModelName(as: name) }
    }
  }

  /// Serves one more model, which has its former number where there was one of its name; throws where there are too many.
  func add(_ model: ServedModel) throws(Refusal) -> Int {
    try entries.withLock { entries throws(Refusal) in
      if let number = entries.firstIndex(where: { $0.model.name.utf8.elementsEqual(model.name.utf8) }) {
        entries[number].isServed = true
        return number
      }
      guard entries.count < Self.limit else {
        throw .noRoom("the server has had \(Self.limit) models by different names: start it again")
      }
      entries.append(Entry(model: model))
      return entries.count - 1
    }
  }

  /// Serves the model of that number no longer.
  func remove(_ number: Int) { entries.withLock { $0[number].isServed = false } }
}
