package import Foundation

/// The reference data that tests walk: `APUS_TEST_DATA`, by default `../shared/data` beside the checkout.
package enum TestData {
  /// The folder, or nil where it is absent.
  package static let folder: URL? = {
    let environment = ProcessInfo.processInfo.environment
    let path = environment["APUS_TEST_DATA"] ?? packageRoot.deletingLastPathComponent().path + "/shared/data"
    return FileManager.default.fileExists(atPath: path) ? URL(fileURLWithPath: path) : nil
  }()

  /// The root of this package.
  package static let packageRoot = URL(fileURLWithPath: #filePath)
    .deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()

  /// True where missing reference data is a failure instead of a reason to skip: in CI.
  package static let isRequired = ProcessInfo.processInfo.environment["CI"] != nil

  /// Whether tests on the data run: also without it where it is required, to fail.
  package static let shouldRun = folder != nil || isRequired

  /// Why tests on the data are skipped without it.
  package static let reason = "no reference data: set APUS_TEST_DATA"

  /// A model file of that name, among the reference data or the downloads; nil where it is at neither place.
  package static func model(_ name: String) -> String? {
    let folders = [folder?.appendingPathComponent("models"), packageRoot.appendingPathComponent("Models/downloads")]
    return folders.compactMap { $0?.appendingPathComponent(name).path }
      .first { FileManager.default.fileExists(atPath: $0) }
  }

  /// The folders in `subfolder`, sorted; empty without reference data.
  package static func folders(in subfolder: String) -> [String] {
    guard let folder else { return [] }
    let names = (try? FileManager.default.contentsOfDirectory(atPath: folder.path + "/" + subfolder)) ?? []
    return names.sorted().filter { name in
      var isFolder: ObjCBool = false
      _ = unsafe FileManager.default.fileExists(
        atPath: "\(folder.path)/\(subfolder)/\(name)", isDirectory: &isFolder)
      return isFolder.boolValue
    }
  }

  /// The files of `subfolder` whose names end in `suffix`, sorted; empty without reference data.
  package static func files(in subfolder: String, suffix: String) -> [URL] {
    guard let folder else { return [] }
    let names = (try? FileManager.default.contentsOfDirectory(atPath: folder.path + "/" + subfolder)) ?? []
    return names.filter { $0.hasSuffix(suffix) }.sorted().map {
      folder.appendingPathComponent(subfolder).appendingPathComponent($0)
    }
  }
}
