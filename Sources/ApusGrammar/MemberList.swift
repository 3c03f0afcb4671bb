/// Members with a separator between any two of them, as an object has them: each at most once, in any order.
package struct MemberList: Hashable, Sendable {
  /// One of the ways to write a member, none of which may be empty, and which demands (a bit each) it meets.
  package struct Way: Hashable, Sendable {
    package let expression: Grammar.Expression
    package let meets: UInt32

    package init(_ expression: Grammar.Expression, meets: UInt32 = 0) {
      (self.expression, self.meets) = (expression, meets)
    }
  }

  /// What may be there once, or must.
  package struct Member: Hashable, Sendable {
    package let ways: [Way]
    package let isRequired: Bool

    package init(_ ways: [Way], isRequired: Bool) { (self.ways, self.isRequired) = (ways, isRequired) }
  }

  package var members: [Member]
  /// What may be there any number of times.
  package var others: [Way]
  /// Must not be empty.
  package var separator: RegularLanguage
  /// How many members and others there are, at least and at most.
  package var atLeast = 0
  package var atMost: Int?
  /// Demands that must all be met, a bit each.
  package var demands: UInt32 = 0
  /// Whether members come in their order, and others after them.
  package var keepsOrder = false

  /// All ways: those of the members, one after the other, then those of others.
  var ways: [Way] { members.flatMap(\.ways) + others }

  /// Whether nothing need be there.
  var mayBeEmpty: Bool {
    atLeast <= 0 && atMost ?? 0 >= 0 && demands == 0 && !members.contains(where: \.isRequired)
  }

  package init(_ members: [Member], others: [Way] = [], separator: RegularLanguage) {
    (self.members, self.others, self.separator) = (members, others, separator)
  }
}
