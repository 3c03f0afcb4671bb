/// The number of a language in a `LanguageTable`.
typealias LanguageID = Int32

/// One language of a `LanguageTable`: what it is made of, and what is known of it at once.
struct LanguageNode: Hashable {
  enum Kind: UInt8 {
    case nothing, empty, bytes, concatenation, join, union, intersection, complement, repetition, call, members
  }

  /// What can be told of a language from its parts.
  struct Facts: OptionSet, Hashable {
    let rawValue: UInt8
    /// It has the empty string.
    static let nullable = Facts(rawValue: 1)
    /// A part of one terminal: nothing in it is a join or a call.
    static let isPlain = Facts(rawValue: 2)
    /// It has an intersection or a complement, so that only a search tells whether it has a string.
    static let isBoolean = Facts(rawValue: 4)
    /// A byte can be read without a call before it.
    static let beginsWithByte = Facts(rawValue: 8)
    /// A call can come before any byte.
    static let beginsWithCall = Facts(rawValue: 16)
    /// It has endlessly many strings; not told of intersections and complements.
    static let isEndless = Facts(rawValue: 32)
  }

  var kind: Kind
  /// First part; of bytes the number of the set, of a call the rule, of members how far they are read, of a union or an intersection where its list begins.
  var first: Int32 = 0
  /// Second part; of a list its length.
  var second: Int32 = 0
  /// How often, at least and at most (`endless`: without end).
  var atLeast: Int32 = 0
  var atMost: Int32 = 0

  static let endless = Int32.max

  /// A least number of times as it is kept.
  static func count(_ atLeast: Int) -> Int32 { Int32(clamping: max(0, atLeast)) }

  /// A greatest number of times as it is kept; less than 0 is never.
  static func count(_ atMost: Int?) -> Int32 { atMost.map { Int32(clamping: $0) } ?? endless }
}
