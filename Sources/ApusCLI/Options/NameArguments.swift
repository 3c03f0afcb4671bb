internal import ApusServer
internal import ArgumentParser

/// Names of models that requests may use beside their own.
struct NameArguments: ParsableArguments {
  @Option(
    help: ArgumentHelp(
      """
      A name, or with * a pattern of names, that means a model here, as in 'anthropic.claude-*=small'; may be repeated, \
      and the first that fits counts.
      """,
      valueName: "pattern=name"))
  var alias: [ModelAlias] = []
  @Option(
    help: ArgumentHelp(
      """
      A model that answers for a name, and how often beside the others of that name, as in 'chat=small:9' and \
      'chat=large:1'; repeated for each.
      """,
      valueName: "name=model:weight"))
  var variant: [ModelVariant] = []
}

extension ModelAlias: ExpressibleByArgument {
  package init?(argument: String) { self.init(argument) }
}

extension ModelVariant: ExpressibleByArgument {
  package init?(argument: String) { self.init(argument) }
}
