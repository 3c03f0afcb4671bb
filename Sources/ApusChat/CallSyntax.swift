/// How a model writes calls: the text around names and arguments.
///
/// White space at the ends of marks is what a model should write; a reader takes any there.
package struct CallSyntax: Sendable, Equatable {
  /// What stands around all calls of a turn; empty where there is nothing.
  package var section = Marks()
  /// Whether the calls stand in a JSON array.
  package var isList = false
  /// What stands around each call.
  package var call = Marks()
  /// What stands between two calls; nil where a turn has only one.
  package var separator: String? = ""
  /// What stands between the marks of a call.
  package var shape: Shape

  /// The text before and the text behind something.
  package struct Marks: Sendable, Equatable {
    package var open = ""
    package var close = ""

    package init(_ open: String = "", _ close: String = "") {
      self.open = open
      self.close = close
    }
  }

  /// How a call says its name and arguments.
  package enum Shape: Sendable, Equatable {
    /// A JSON object with them as members.
    case object(Keys)
    /// The name, then the arguments, with text around them.
    case named(Named)
  }

  /// The keys of a call that is a JSON object.
  package struct Keys: Sendable, Equatable {
    /// The name's key; nil where the name itself is the key of the arguments.
    package var name: String?
    /// The arguments' key.
    package var arguments: String
    /// The key of the call's id, where the format has one; a reader takes it at any place, or none.
    package var id: String?
    /// Whether `{"type": "function", "function": {…}}` around the object is a call too.
    package var mayBeWrapped = false

    package init(name: String? = "name", arguments: String = "arguments", id: String? = nil) {
      self.name = name
      self.arguments = arguments
      self.id = id
    }
  }

  /// A call whose name stands outside of its arguments.
  package struct Named: Sendable, Equatable {
    /// The text before the name.
    package var beforeName = ""
    /// The text between the name and the call's id, where the format has one.
    package var beforeID: String?
    /// Whether a colon and the number of the call stand behind the name, and all together is the call's id.
    package var isNumbered = false
    /// The text before the arguments.
    package var beforeArguments = ""
    /// The arguments.
    package var arguments: Arguments
    /// The text behind the arguments.
    package var afterArguments = ""

    package init(
      beforeName: String = "", beforeArguments: String = "", _ arguments: Arguments, afterArguments: String = ""
    ) {
      self.beforeName = beforeName
      self.beforeArguments = beforeArguments
      self.arguments = arguments
      self.afterArguments = afterArguments
    }
  }

  /// How arguments are written.
  package enum Arguments: Sendable, Equatable {
    /// As one value.
    case value(ArgumentNotation)
    /// One after the other, each a key and a value between marks.
    case tagged(Tags)
  }

  /// The marks around an argument's key and value.
  ///
  /// A value that the tool's schema lets be a text stands as it is, others as JSON.
  package struct Tags: Sendable, Equatable {
    package var key: Marks
    package var value: Marks
    /// What stands between two arguments.
    package var separator: String

    package init(key: Marks, value: Marks, separator: String = "") {
      self.key = key
      self.value = value
      self.separator = separator
    }
  }

  package init(_ shape: Shape) { self.shape = shape }
}
