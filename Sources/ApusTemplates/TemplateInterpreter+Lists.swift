/// Lists in a namespace, the only ones that a template can change: some templates keep a queue there.
extension TemplateInterpreter {
  /// What `n.list.append(value)` or `n.list.pop(index)` gives, where `n` is a namespace; nil where this is anything else.
  func changeList(
    _ base: TemplateExpression, _ links: [TemplatePostfix]
  ) throws(TemplateError) -> TemplateValue? {
    guard case .name(let name) = base, links.count == 3, case .attribute(let key) = links[0],
      case .attribute(let method) = links[1], method == "append" || method == "pop", case .call(let call) = links[2],
      case .namespace(let number) = try lookUp(name),
      case .list? = try value(.text(key, by: .template), in: namespaces[number].members)
    else { return nil }
    // The arguments may change the list too.
    let arguments = try evaluate(call)
    guard case .list(let list)? = try value(.text(key, by: .template), in: namespaces[number].members) else {
      return nil
    }
    // The list is copied.
    try spend(2 + list.items.count)
    var items = list.items
    var result = TemplateValue.none
    if method == "append" {
      items.append(try arguments.only("append"))
    } else {
      let index = try arguments.bind("pop", "index")[0]?.requireIndex("the index") ?? -1
      let position = index < 0 ? items.count + index : index
      guard items.indices.contains(position) else { throw .runtime("pop index out of range") }
      result = items.remove(at: position)
    }
    try set(.text(key, by: .template), try .list(items), in: &namespaces[number].members)
    return result
  }
}
