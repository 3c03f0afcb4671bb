/// A set of byte strings that a finite automaton can tell from all others.
///
/// A tree that only says what is meant. Whoever builds one bounds its depth (`depthLimit`) and its size; `CompiledGrammar`
/// refuses what is too large to compute with.
package indirect enum RegularLanguage: Hashable, Sendable {
  /// One byte of the set.
  case byte(ByteSet)
  /// Exactly these bytes.
  case string([UInt8])
  /// One string of each, one after the other; of none: only the empty string.
  case concatenation([RegularLanguage])
  /// The strings of any of them; of none: no string at all.
  case union([RegularLanguage])
  /// The strings that are in all of them; of none: all strings.
  case intersection([RegularLanguage])
  /// All byte strings that are not in it.
  case complement(RegularLanguage)
  /// From `atLeast` to `atMost` strings of it, one after the other; nil is without end.
  case repetition(RegularLanguage, atLeast: Int, atMost: Int?)

  /// The deepest tree that may be built.
  package static let depthLimit = 256
  /// Only the empty string.
  package static var empty: RegularLanguage { .concatenation([]) }
  /// No string at all.
  package static var nothing: RegularLanguage { .union([]) }

  /// Exactly the bytes `bytes`.
  package static func literal(_ bytes: some Sequence<UInt8>) -> RegularLanguage {
    .string(Array(bytes))
  }
}
