internal import ApusCore

/// Finds and checks the files of a split model, as `gguf-split` of llama.cpp writes them.
///
/// Each part is a GGUF file with the keys `split.no` (from 0), `split.count` and `split.tensors.count`.
enum SplitModel {
  typealias Part = (file: MappedFile, content: GGUFPart)

  /// Opens `path`, and the parts beside it if it is one of several.
  static func open(path: String, mode: FileReadMode) throws(GGUFError) -> [Part] {
    let opened = try openPart(path: path, mode: mode, subject: .file)
    let metadata = opened.content.metadata
    guard let count = try metadata.int("split.count"), count != 0, count != 1 else { return [opened] }
    let number = try metadata.requireInt("split.no")
    guard count > 1, count <= maximumCount, number >= 0, number < count else {
      throw metadata.error(
        "split.no", .split, expected: "a part of 2 to \(maximumCount)", found: "number \(number) of \(count)")
    }
    guard let name = SplitName(path), name.number == number + 1, name.count == count else {
      throw GGUFError(
        .split, path: path, .part(number + 1, of: count),
        expected: "a file name that ends in '\(SplitName.ending(number + 1, count))'", found: "another name")
    }
    return try openAll(name, from: opened, number: number, mode: mode)
  }

  private static let maximumCount = Int(UInt16.max)

  private static func openAll(
    _ name: SplitName, from opened: Part, number: Int, mode: FileReadMode
  ) throws(GGUFError) -> [Part] {
    var parts: [Part] = []
    var tensorCount = 0
    for index in 0..<name.count {
      let subject = GGUFSubject.part(index + 1, of: name.count)
      let part = index == number ? opened : try openPart(path: name.path(index + 1), mode: mode, subject: subject)
      try check(part, index, name.count, subject)
      parts.append(part)
      tensorCount += part.content.tensors.count
      guard tensorCount <= GGUFLimits.tensorCount else {
        throw GGUFError(
          .split, path: part.file.path, subject, expected: "at most \(GGUFLimits.tensorCount) tensors in all parts",
          found: "\(tensorCount)")
      }
    }
    try checkTensorCount(tensorCount, parts)
    return parts
  }

  private static func openPart(
    path: String, mode: FileReadMode, subject: GGUFSubject
  ) throws(GGUFError) -> Part {
    let file: MappedFile
    do throws(FileError) {
      file = try MappedFile(path: path, mode: mode)
    } catch {
      throw GGUFError(error, subject)
    }
    return (file, try GGUFReader.read(file))
  }

  private static func check(
    _ part: Part, _ index: Int, _ count: Int, _ subject: GGUFSubject
  ) throws(GGUFError) {
    let foundCount = try part.content.metadata.requireInt("split.count")
    let foundNumber = try part.content.metadata.requireInt("split.no")
    guard foundCount == count, foundNumber == index else {
      throw GGUFError(
        .split, path: part.file.path, subject, expected: "split.no \(index) and split.count \(count)",
        found: "\(foundNumber) and \(foundCount)")
    }
  }

  private static func checkTensorCount(_ tensorCount: Int, _ parts: [Part]) throws(GGUFError) {
    for (index, part) in parts.enumerated() {
      guard let announced = try part.content.metadata.int("split.tensors.count") else { continue }
      guard announced == tensorCount else {
        throw GGUFError(
          .split, path: part.file.path, .part(index + 1, of: parts.count),
          expected: "split.tensors.count \(tensorCount), the tensors in all parts", found: "\(announced)")
      }
    }
  }
}

/// Whether these paths are those of one model: one file, or parts of one split model.
package func areOneModel(_ paths: [String]) -> Bool { Set(paths.map { SplitName($0)?.path(1) ?? $0 }).count == 1 }

/// The name of one part: `PREFIX-00001-of-00003.gguf`.
struct SplitName {
  let number: Int
  let count: Int
  private let prefix: String

  /// Nil where `path` does not end like a part's name.
  init?(_ path: String) {
    let ending = Array(path.utf8.suffix(Self.endingByteCount))
    guard ending.count == Self.endingByteCount,
      let number = Self.number(ending[1..<6]), let count = Self.number(ending[10..<15]),
      ending.elementsEqual(Self.ending(number, count).utf8)
    else { return nil }
    self.number = number
    self.count = count
    prefix = String(decoding: path.utf8.dropLast(Self.endingByteCount), as: UTF8.self)
  }

  /// The path of part `number`, from 1.
  func path(_ number: Int) -> String { prefix + Self.ending(number, count) }

  /// How the name of part `number` of `count` ends.
  static func ending(_ number: Int, _ count: Int) -> String {
    "-\(fiveDigits(number))-of-\(fiveDigits(count)).gguf"
  }

  private static let endingByteCount = "-00001-of-00003.gguf".utf8.count

  private static func fiveDigits(_ number: Int) -> String {
    String(repeating: "0", count: max(0, 5 - String(number).utf8.count)) + String(number)
  }

  private static func number(_ digits: ArraySlice<UInt8>) -> Int? {
    guard digits.allSatisfy({ (0x30...0x39).contains($0) }) else { return nil }
    return digits.reduce(0) { $0 * 10 + Int($1 - 0x30) }
  }
}
