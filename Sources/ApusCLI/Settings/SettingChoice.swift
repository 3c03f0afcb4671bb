/// What holds of all that was given: the command line goes before the environment, and that before a file.
package struct SettingChoice: Sendable {
  package let table: SettingTable
  /// What holds, in the order of the table; a secret's origins all stand there.
  package let given: [GivenSetting]

  /// - Parameters:
  ///   - table: The settings.
  ///   - origins: What each origin gives, the one that goes before the others first.
  package init(_ table: SettingTable, _ origins: [[GivenSetting]]) {
    self.table = table
    given = table.list.flatMap { setting in
      let all = origins.flatMap { $0.filter { $0.setting == setting } }
      return setting.isSecret ? all : Array(all.prefix(1))
    }
  }

  /// `arguments` with what holds beside them.
  package func completing(_ arguments: [String]) -> [String] {
    let others = given.filter { $0.origin != .commandLine }
    let positionals = others.filter { $0.setting.form == .arguments }.flatMap(\.values)
    let end = positionals.isEmpty ? [] : (arguments.contains("--") ? [] : ["--"]) + positionals
    return others.flatMap { $0.setting.options($0.values) } + arguments + end
  }
}
