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
    let content = Content(of: resolved)
    guard let first = content.files.first, content.files.allSatisfy(isOpen) else { throw Self.nothing }
    guard content.isOneModel else {
      throw .invalid("url", "the folder at url has several models: name one of its files")
    }
    return first
  }

  /// The model files of one folder.
  package struct Content: Sendable {
    /// Where they lie in the end, all links followed, in the order of their names.
    package let files: [String]
    /// Whether there is one model, and no other: a file, or all parts of one.
    package let isOneModel: Bool

    /// - Parameter folder: Its path; one that is none has no files.
    package init(of folder: String) {
      let names = ((try? FileManager.default.contentsOfDirectory(atPath: folder)) ?? []).filter {
        $0.hasSuffix(".gguf")
      }
      files = names.sorted().map { ModelFolders.resolved(folder + "/" + $0) }
      isOneModel = ModelDescription.areOneModel(names)
    }
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
}
