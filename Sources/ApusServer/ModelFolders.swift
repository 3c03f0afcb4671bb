package import Apus
internal import Foundation

/// Folders from which clients may have models loaded, and how such models are set up.
package struct ModelFolders: Sendable {
  private static let pathByteCount = 4096
  private let folders: [String]
  let options: LoadOptions

  /// - Parameters:
  ///   - paths: The folders; where they lie in the end is looked up once.
  ///   - options: How their models are set up.
  /// - Throws: `ServerError.invalidSetting` where one is no folder.
  package init(_ paths: [String], options: LoadOptions) throws(ServerError) {
    for path in paths where !Self.isFolder(path) {
      throw .invalidSetting(name: "modelFolders", reason: "needs a folder that is there: '\(path)' is none")
    }
    folders = paths.map(Self.resolved)
    self.options = options
  }

  /// The model file that a client names: itself, or by the folder that holds it and no other model.
  ///
  /// It lies in one of the folders, with all links followed; what lies elsewhere is as if it was not there.
  func file(at path: String) throws(Refusal) -> String {
    guard path.utf8.first == UInt8(ascii: "/"), path.utf8.count <= Self.pathByteCount, !path.utf8.contains(0) else {
      throw Self.nothing
    }
    let resolved = Self.resolved(path)
    guard isOpen(resolved), FileManager.default.fileExists(atPath: resolved) else { throw Self.nothing }
    guard Self.isFolder(resolved) else { return resolved }
    let names = ((try? FileManager.default.contentsOfDirectory(atPath: resolved)) ?? []).filter {
      $0.hasSuffix(".gguf")
    }
    let files = names.sorted().map { Self.resolved(resolved + "/" + $0) }
    guard let first = files.first, files.allSatisfy(isOpen) else { throw Self.nothing }
    guard files.count == 1 || Set(names.map(Self.stem)).count == 1 else {
      throw .invalid("url", "the folder at url has several models: name one of its files")
    }
    return first
  }

  private static let nothing = Refusal.invalid(
    "url", "url must be a GGUF file, or a folder with one, in a folder that the server may load models from")

  private func isOpen(_ path: String) -> Bool {
    folders.contains { path == $0 || path.hasPrefix($0 == "/" ? $0 : $0 + "/") }
  }

  /// The path with all links followed, as far as it is there.
  private static func resolved(_ path: String) -> String {
    let path = URL(filePath: path).standardizedFileURL.resolvingSymlinksInPath().path
    return path.count > 1 && path.hasSuffix("/") ? String(path.dropLast()) : path
  }

  private static func isFolder(_ path: String) -> Bool {
    (try? FileManager.default.attributesOfItem(atPath: resolved(path))[.type] as? FileAttributeType) == .typeDirectory
  }

  /// What the names of all parts of one split model have in common; else the whole name.
  private static func stem(_ name: String) -> String {
    let bytes = Array(name.utf8)
    let ending = Array("-00001-of-00001.gguf".utf8)
    guard bytes.count > ending.count else { return name }
    let isPart = zip(bytes.suffix(ending.count), ending).allSatisfy { byte, expected in
      (UInt8(ascii: "0")...UInt8(ascii: "1")).contains(expected)
        ? (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte) : byte == expected
    }
    return isPart ? String(decoding: bytes.dropLast(ending.count), as: UTF8.self) : name
  }
}
