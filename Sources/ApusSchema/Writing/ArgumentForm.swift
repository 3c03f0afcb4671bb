/// How a call's arguments are written: an object, in whose text some things may be other than in JSON.
package struct ArgumentForm: Sendable {
  /// How strings are written.
  package enum Quotes: Sendable {
    case json
    /// JSON's, with no escapes but those that mean the same in Python.
    case python
    /// As they are, between two marks: the bytes that stand for the mark in the grammar, and its text.
    case mark([UInt8], text: [UInt8])
  }

  /// What stands around the members of the arguments' own object, which has no brackets then.
  package struct Members: Sendable {
    package var beforeKey: [UInt8] = []
    package var behindKey: [UInt8]
    package var behindValue: [UInt8] = []
    package var separator: [UInt8]

    package init(behindKey: [UInt8], separator: [UInt8]) {
      (self.behindKey, self.separator) = (behindKey, separator)
    }
  }

  package var quotes = Quotes.json
  /// How `null`, `true` and `false` are written.
  package var words: (null: StaticString, yes: StaticString, no: StaticString) = ("null", "true", "false")
  /// Whether the keys of all objects stand without quotes.
  package var hasBareKeys = false
  /// nil where the arguments' object is written as those in it.
  package var members: Members?
  /// Which keys the arguments can be given by.
  package var canWrite: @Sendable (_ key: [UInt8]) -> Bool = { _ in true }
  /// The arguments whose strings stand as they are, without quotes, and whether `null` is no string there.
  package var plainTexts: [[UInt8]: Bool] = [:]
  /// A text that no string may have in it; empty for none.
  package var avoided: [UInt8] = []
  /// Whether there may be arguments that the schema does not name, where it allows others.
  package var takesOthers = true

  package init() {}
}
