internal import ApusCPU
internal import ApusCore
internal import ApusJSON
internal import ArgumentParser

#if canImport(FoundationEssentials)
  internal import FoundationEssentials
#else
  internal import Foundation
#endif

/// `apus doctor`: what the program finds on this machine.
struct Doctor: ParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Shows what this machine offers and how Apus uses it.",
    discussion: """
      CPU, kernels, threads, memory, folders and libraries, with the reasons:

        apus doctor
      """)

  @OptionGroup var kernels: KernelOption
  @Flag(help: "Answer in JSON.") var json = false

  func run() throws {
    let output = Output()
    if json {
      try output.write(report.pretty)
    } else {
      for line in table.lines(indent: "") { try output.writeLine(line) }
    }
    try output.flush()
  }

  private var table: Table {
    let machine = Machine.current()
    var table = Table([.left])
    table.add("CPU", Processor.name)
    table.add("instruction sets", Kernels.cpuDescription)
    table.add("kernels", "\(kernels.level.name) (\(kernelReason); possible: \(levels))")
    table.add("threads", "\(machine.threadCount) (\(machine.threadReason))")
    table.add("memory", "\(readable(bytes: machine.memoryByteCount)), \(readable(bytes: machine.freeByteCount)) free")
    table.add("memory limit", memoryLimit(machine))
    table.add("huge pages", HugePages.setting)
    table.add("model folder", modelFolder)
    table.add("OpenBLAS", openBLAS)
    return table
  }

  /// What `--blas` would use, or why it could not.
  private var openBLAS: String {
    do throws(BackendError) { return try OpenBLAS(threads: 1).name } catch { return error.description }
  }

  private var levels: String { Kernels.supportedLevelNames.joined(separator: ", ") }

  private var kernelReason: String {
    if kernels.kernels != nil { return "as --kernels says" }
    return Environment[Environment.kernels] == nil
      ? "the best that this CPU runs" : "as the environment variable \(Environment.kernels) says"
  }

  private func memoryLimit(_ machine: Machine) -> String {
    guard let limit = machine.memoryLimit else { return "none" }
    return "\(readable(bytes: limit.byteCount)) by the control group, \(readable(bytes: limit.usedByteCount)) taken"
  }

  private var modelFolder: String {
    guard ModelFolder.exists else { return "\(ModelFolder.path) (not there yet)" }
    let count = ModelFolder.files.count
    return "\(ModelFolder.path) (\(count) \(count == 1 ? "model" : "models"))"
  }

  private var report: JSONValue {
    let machine = Machine.current()
    let limit = machine.memoryLimit.map { limit -> JSONValue in
      ["bytes": .int(limit.byteCount), "used_bytes": .int(limit.usedByteCount)]
    }
    return [
      "cpu": .string(Processor.name),
      "instruction_sets": .array(Kernels.cpuDescription.split(separator: " ").map { .string(String($0)) }),
      "kernels": [
        "level": .string(kernels.level.name), "reason": .string(kernelReason),
        "supported": .array(Kernels.supportedLevelNames.map { .string($0) }),
        "known": .array(Kernels.levelNames.map { .string($0) }),
      ],
      "threads": [
        "count": .int(machine.threadCount), "reason": .string(machine.threadReason),
        "affinity": .int(machine.affinityCount), "quota": machine.cpuQuota.map { .number($0) } ?? .null,
      ],
      "memory": [
        "bytes": .int(machine.memoryByteCount), "free_bytes": .int(machine.freeByteCount), "limit": limit ?? .null,
      ],
      "huge_pages": .string(HugePages.setting),
      "model_folder": [
        "path": .string(ModelFolder.path), "exists": .bool(ModelFolder.exists),
        "models": .array(ModelFolder.files.map { .string($0) }),
      ],
      "openblas": .string(openBLAS),
    ]
  }
}

/// The CPU's name.
enum Processor {
  static var name: String {
    let text = (try? String(contentsOfFile: "/proc/cpuinfo", encoding: .utf8)) ?? ""
    for line in text.split(separator: "\n") {
      let parts = line.split(separator: ":", maxSplits: 1)
      guard parts.count == 2, ["model name", "Model"].contains(trimmed(parts[0])) else { continue }
      return trimmed(parts[1])
    }
    return "unknown"
  }
}

/// Transparent huge pages of Linux, which spare the CPU looking up addresses.
private enum HugePages {
  /// The kernel's setting: the choice in brackets of a line such as `always [madvise] never`.
  static var setting: String {
    let path = "/sys/kernel/mm/transparent_hugepage/enabled"
    guard let text = try? String(contentsOfFile: path, encoding: .utf8),
      let choice = text.split(separator: "[").last?.split(separator: "]").first
    else { return "not known" }
    switch choice {
    case "always": return "always"
    case "madvise": return "madvise (on request)"
    default: return trimmed(choice)
    }
  }
}

private func trimmed(_ text: Substring) -> String {
  let isSpace = { (character: Character) in character.isWhitespace }
  let end = text.lastIndex { !isSpace($0) }.map(text.index(after:)) ?? text.startIndex
  return String(text[..<end].drop(while: isSpace))
}
