internal import ApusCore
internal import ApusGrammar
internal import ApusSchema
internal import Foundation

/// Schemas, patterns and grammars made to take long or much: how long each takes, and how much memory.
///
/// A case takes from its text to the tokens that may come first, or to its refusal.
struct Hostile {
  static let mostTime = Duration.milliseconds(200)
  static let mostBytes = 64 << 20

  let trie: TokenTrie
  let vocabularySize: Int

  /// What a case took.
  private struct Cost {
    /// Of the processor: what else runs on a machine counts for less there than in the time that passed.
    let time: Duration
    let elapsed: Duration
    let bytes: Int
    let outcome: String

    func isWithin(_ time: Duration, _ bytes: Int) -> Bool { self.time <= time && self.bytes <= bytes }
  }

  /// Prints a line for each case that is within the bounds by less than half, or not at all; says whether all are within.
  func run(only part: String?) -> Bool {
    var (slowest, largest, beyond) = (Duration.zero, 0, 0)
    let cases = HostileCase.all.filter { part.map($0.name.contains) ?? true }
    for item in cases {
      let cost = measure(item)
      (slowest, largest) = (max(slowest, cost.time), max(largest, cost.bytes))
      if !cost.isWithin(Self.mostTime, Self.mostBytes) { beyond += 1 }
      guard part != nil || !cost.isWithin(Self.mostTime / 2, Self.mostBytes / 2) else { continue }
      let times = "\(microseconds(cost.time)) µs (\(microseconds(cost.elapsed)) passed)"
      let line = "\(times), \(cost.bytes >> 10) KiB: \(item.name): \(cost.outcome.prefix(120))\n"
      FileHandle.standardOutput.write(Data(line.utf8))
    }
    print(
      "\(cases.count) cases, slowest \(microseconds(slowest)) µs, largest \(largest >> 10) KiB, beyond the bounds: \(beyond)"
    )
    return beyond == 0
  }

  private func measure(_ item: HostileCase) -> Cost {
    let before = PeakMemory.restart()
    let (begin, start) = (ContinuousClock.now, clock())
    let outcome = compile(item)
    // POSIX counts microseconds.
    let time = Duration.microseconds(Int64(clock() - start))
    return Cost(
      time: time, elapsed: ContinuousClock.now - begin, bytes: max(0, PeakMemory.peak() - before), outcome: outcome)
  }

  private func compile(_ item: HostileCase) -> String {
    do {
      let grammar: Grammar
      switch item.text {
      case .schema(let text):
        let options = JSONSchemaOptions(propertyOrder: .asDeclared, integersMayHavePoint: false)
        grammar = try JSONSchema(text: text, options: options).grammar
      case .grammar(let text): grammar = try text.grammar
      }
      var matcher = GrammarMatcher(try CompiledGrammar(grammar), trie)
      var mask = TokenMask(vocabularySize: vocabularySize, allowingAll: false)
      matcher.fill(&mask)
      return "kept"
    } catch { return "refused: \(error)" }
  }
}

/// The most memory that the process has had, as Linux counts it; 0 elsewhere.
private enum PeakMemory {
  /// Counts from now on; what is there now, in bytes.
  static func restart() -> Int {
    try? "5".write(toFile: "/proc/self/clear_refs", atomically: false, encoding: .utf8)
    return peak()
  }

  static func peak() -> Int {
    let status = (try? String(contentsOfFile: "/proc/self/status", encoding: .utf8)) ?? ""
    let line = status.split(separator: "\n").first { $0.hasPrefix("VmHWM:") } ?? ""
    return (line.split(separator: " ").dropFirst().first.flatMap { Int($0) } ?? 0) << 10
  }
}
