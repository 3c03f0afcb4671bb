package import ApusCore

extension CPUBackend {
  package func makeRouting(rows: Int, used: Int, experts: Int) throws(BackendError) -> Routing {
    preconditionFailure("not yet")
  }

  package func _route(_ logits: Buffer, _ rule: RoutingRule, bias: Weight?, into routing: Routing) {
    preconditionFailure("not yet")
  }

  package func _experts(_ x: Buffer, _ routing: Routing, _ experts: ExpertWeights, into y: Buffer) {
    preconditionFailure("not yet")
  }
}
