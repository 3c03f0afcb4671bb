#if canImport(FoundationEssentials)
  internal import FoundationEssentials
#else
  internal import Foundation
#endif

/// The environment variables that the program reads, beside those of the server's settings.
enum Environment {
  /// The level of kernels to use; `--kernels` goes before it.
  static let kernels = "APUS_KERNELS"
  /// The server's file of settings; `--config` goes before it.
  static let configuration = "APUS_CONFIG"
  /// The folder where models are looked for by name.
  static let models = "APUS_MODELS"

  /// The value of a variable; nil where it is empty, too.
  static subscript(name: String) -> String? {
    let value = ProcessInfo.processInfo.environment[name]
    return value?.isEmpty == false ? value : nil
  }
}

/// The folder where models are looked for by name.
enum ModelFolder {
  /// `APUS_MODELS`, else the folder of the checkout that `make run` fills, else one in the home folder.
  static var path: String {
    if let path = Environment[Environment.models] { return path }
    let checkout = "Models/downloads"
    if isFolder(checkout) { return checkout }
    return (Environment["XDG_DATA_HOME"] ?? (Environment["HOME"] ?? "") + "/.local/share") + "/apus/models"
  }

  static var exists: Bool { isFolder(path) }

  /// The names of the model files in the folder, sorted.
  static var files: [String] {
    let names = (try? FileManager.default.contentsOfDirectory(atPath: path)) ?? []
    return names.filter { $0.hasSuffix(".gguf") }.sorted()
  }

  /// The path that a person means by `name`: a path, or the name of a file in the folder, with or without its ending.
  static func resolve(_ name: String) -> String {
    guard !name.isEmpty, !name.utf8.contains(UInt8(ascii: "/")), !isThere(name) else { return name }
    return [name, name + ".gguf"].map { path + "/" + $0 }.first(where: isThere) ?? name
  }

  private static func isThere(_ path: String) -> Bool { FileManager.default.fileExists(atPath: path) }

  private static func isFolder(_ path: String) -> Bool {
    (try? FileManager.default.contentsOfDirectory(atPath: path)) != nil
  }
}
