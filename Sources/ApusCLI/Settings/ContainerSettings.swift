internal import ApusServer

/// What holds in a container that SageMaker starts (`docker run IMAGE serve`), where nobody has named a model.
///
/// The platform puts the model into a folder, asks on port 8080, and sends no keys: it alone can reach the container.
package enum ContainerSettings {
  /// Where the platform puts the model.
  static let folder = "/opt/ml/model"
  private static let address = "0.0.0.0:8080"
  /// Settings that say which models there are, and those that say who may ask.
  private static let models: Set<String> = ["model", "load-from"]
  private static let keys: Set<String> = ["api-key", "api-key-file", "aws-credentials", "insecure"]

  /// What follows from a folder with a model.
  ///
  /// - Parameters:
  ///   - folder: The folder.
  ///   - table: All settings.
  ///   - others: What was given elsewhere, which goes before this.
  /// - Returns: Nothing where a model was named, or none is in the folder.
  /// - Throws: `Failure` where the folder has several models.
  package static func given(
    _ folder: String, _ table: SettingTable, beside others: [GivenSetting]
  ) throws(Failure) -> [GivenSetting] {
    let names = Set(others.map(\.setting.name))
    let content = ModelFolders.Content(of: folder)
    guard names.isDisjoint(with: models), let model = content.files.first else { return [] }
    guard content.isOneModel else {
      throw Failure("\(folder) has several models: name one, as in 'apus serve \(model)'", code: Failure.usage)
    }
    var values = [("model", model), ("listen", address)]
    // Who names an address says himself whether it is open to others.
    if names.isDisjoint(with: keys.union(["listen"])) { values.append(("insecure", "true")) }
    var given: [GivenSetting] = []
    for (name, value) in values {
      guard let setting = table[name], !names.contains(name) else { continue }
      given.append(try GivenSetting(setting, [value], .container(folder: folder)))
    }
    return given
  }
}
