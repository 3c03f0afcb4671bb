package import ApusJSON
package import ApusTemplates

extension ConversationForm {
  /// The variables for a template: the messages and tools of a request, in OpenAI's form, as the template takes them.
  ///
  /// `clock` is the time that some templates write into prompts.
  package func variables(
    messages: [JSONValue], tools: [JSONValue], clock: TemplateClock? = nil
  ) -> [(name: String, value: JSONValue)] {
    var messages = messages.map(message)
    var variables: [(name: String, value: JSONValue)] = []
    let text = JSONValue.array(tools).text
    if !tools.isEmpty {
      switch toolsPlace {
      case .variable: variables.append(("tools", .array(tools)))
      case .functions: break
      case .systemMessage: addToSystem(of: &messages) { $0["tools"] = .string(text) }
      case .text: addText(to: &messages, about: tools)
      }
    }
    if toolsPlace == .functions { variables.append(("functions", .string(text))) }
    if !takesSystem { moveSystem(of: &messages) }
    if let day = try? clock?.formatted("%b %d %Y") { variables.append(("datetime", .string(day))) }
    if let day = try? clock?.formatted("%d %b %Y") { variables.append(("date_string", .string(day))) }
    return [("messages", .array(messages))] + variables
  }

  // MARK: Messages

  private func message(_ value: JSONValue) -> JSONValue {
    guard case .object(var message) = value else { return value }
    let hasCalls = if case .array(let given)? = message["tool_calls"] { !given.isEmpty } else { false }
    if hasCalls || message["content"] == .null { setContent(of: &message, hasCalls: hasCalls) }
    if case .array(let given)? = message["tool_calls"], !calls.hasTextArguments {
      message["tool_calls"] = .array(given.map(withParsedArguments))
    }
    if case .string(let thought)? = message["reasoning_content"], !thought.isEmpty {
      setReasoning(of: &message, thought, hasCalls: hasCalls)
    }
    return .object(message)
  }

  private func setContent(of message: inout JSONObject, hasCalls: Bool) {
    guard message["content"] == nil || message["content"] == .null || message["content"] == "" else { return }
    message["content"] = calls.hasEmptyContent || !hasCalls ? "" : .null
  }

  /// A call with its arguments as an object; text that is none stays.
  private func withParsedArguments(_ call: JSONValue) -> JSONValue {
    guard case .object(var call) = call, case .object(var function)? = call["function"],
      case .string(let text)? = function["arguments"], let arguments = try? JSONParser.parse(text),
      case .object = arguments
    else { return call }
    function["arguments"] = arguments
    call["function"] = .object(function)
    return .object(call)
  }

  private func setReasoning(of message: inout JSONObject, _ thought: String, hasCalls: Bool) {
    switch reasoning {
    case .asGiven: break
    case .thinking:
      message["thinking"] = .string(thought)
      if hasCalls { message["content"] = "" }
    case .parts:
      var parts: [JSONValue] = [["type": "thinking", "thinking": .string(thought)]]
      if case .string(let text)? = message["content"], !text.isEmpty {
        parts.append(["type": "text", "text": .string(text)])
      }
      message["content"] = .array(parts)
    }
  }

  // MARK: Systems

  private func addToSystem(of messages: inout [JSONValue], _ change: (inout JSONObject) -> Void) {
    if case .object(var system)? = messages.first, system["role"] == "system" {
      change(&system)
      messages[0] = .object(system)
    } else {
      var system = JSONObject([("role", "system"), ("content", "")])
      change(&system)
      messages.insert(.object(system), at: 0)
    }
  }

  /// Puts what the system says before what the user says, for templates that refuse it.
  private func moveSystem(of messages: inout [JSONValue]) {
    guard messages.count > 1, messages[0]["role"] == "system", case .string(let text)? = messages[0]["content"],
      case .object(var user) = messages[1], user["role"] == "user", case .string(let question)? = user["content"]
    else { return }
    user["content"] = .string(text.isEmpty ? question : text + "\n" + question)
    messages[0...1] = [.object(user)]
  }

  // MARK: Models whose templates know no tools

  private func addText(to messages: inout [JSONValue], about tools: [JSONValue]) {
    if takesResults {
      messages = messages.map(withWrittenCalls)
    } else {
      messages = messages.map { withWrittenCalls(asUser($0)) }
      joinUsers(of: &messages)
    }
    let text = ToolsText.text(tools, syntax)
    addToSystem(of: &messages) { system in
      guard case .string(let said)? = system["content"] else { return }
      system["content"] = .string(said.isEmpty ? text : said + "\n\n" + text)
    }
  }

  /// A message whose calls are part of what it says.
  private func withWrittenCalls(_ value: JSONValue) -> JSONValue {
    guard case .object(var message) = value, case .array(let given)? = message["tool_calls"], !given.isEmpty,
      let syntax
    else { return value }
    let said = if case .string(let text)? = message["content"] { text } else { "" }
    let written = given.compactMap { ToolsText.written($0, syntax) }.joined(separator: syntax.separator ?? "\n")
    message["content"] = .string(said.isEmpty ? written : said + "\n" + written)
    return .object(message)
  }

  /// The result of a tool as a message of the user.
  private func asUser(_ value: JSONValue) -> JSONValue {
    guard case .object(var message) = value, message["role"] == "tool" else { return value }
    let said = if case .string(let text)? = message["content"] { text } else { (message["content"] ?? .null).text }
    message["role"] = "user"
    message["content"] = .string("<tool_response>\n\(said)\n</tool_response>")
    return .object(message)
  }

  /// Makes one message of several of the user in a row.
  private func joinUsers(of messages: inout [JSONValue]) {
    var joined: [JSONValue] = []
    var said: [String] = []
    for message in messages {
      guard message["role"] == "user", case .string(let text)? = message["content"] else {
        Self.end(&said, of: &joined)
        joined.append(message)
        continue
      }
      if said.isEmpty { joined.append(message) }
      said.append(text)
    }
    Self.end(&said, of: &joined)
    messages = joined
  }

  /// Lets the last message say all of `said`, where that is more than it does.
  private static func end(_ said: inout [String], of messages: inout [JSONValue]) {
    defer { said = [] }
    guard said.count > 1, case .object(var last)? = messages.popLast() else { return }
    last["content"] = .string(said.joined(separator: "\n"))
    messages.append(.object(last))
  }
}
