internal import Apus
internal import ApusBenchmark
internal import ApusCore
internal import ApusEvaluation
internal import ApusServer

// The libraries name their properties in errors; here these become the options of the command line.

extension ApusError {
  /// The sentence, with an option as the command line names it where the library says the property's name.
  var onCommandLine: String {
    guard case .invalidOption(let name, let reason) = self, let option = Self.options[name],
      reason.utf8.starts(with: name.utf8)
    else { return description }
    return option + reason.dropFirst(name.count)
  }

  /// The options of loading by the names of their properties.
  private static let options = [
    "contextLength": "--context", "threads": "--threads", "kernels": "--kernels", "kvFormat": "--kv",
    "queueLimit": "--queue", "kvMemory": "--kv-memory", "draft": "--draft", "adapters": "--lora",
  ]
}

extension ServerError {
  /// The sentence, with the options that it is about.
  var onCommandLine: String {
    switch self {
    case .invalidSetting(let name, let reason): "\(Self.options[name] ?? name) \(reason)"
    case .keyNeeded: "\(description) (--api-key-file or --api-key; --insecure)"
    default: description
    }
  }

  /// The options of `serve` by the names of their properties.
  private static let options = [
    "listen": "--listen", "queueLimit": "--queue", "maximumConnections": "--connections",
    "connectionsPerAddress": "--connections-per-address", "allowedHosts": "--allow-host",
    "allowedOrigins": "--allow-origin", "adapters": "--lora", "modelFolders": "--load-from",
  ]
}

extension BenchmarkError {
  /// The sentence, with the option that it is about.
  var onCommandLine: String {
    guard case .backend(.kvFormat) = self else { return description }
    return "\(description) (--kv f16)"
  }
}

extension EvaluationError {
  /// The sentence, with the option that it is about.
  var onCommandLine: String {
    switch self {
    case .textTooShort, .contextLength: "\(description) (--context)"
    case .backend, .logits: description
    }
  }
}
