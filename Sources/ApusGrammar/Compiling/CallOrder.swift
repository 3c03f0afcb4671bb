/// In which order rules call each other before any byte.
///
/// Rules of one ring can all call each other so, and a single rule that calls itself is a ring too.
struct CallOrder {
  /// The place of each rule's ring: callers before those that they call.
  private(set) var ring: [Int32]
  /// Whether a rule can call itself before any byte.
  private(set) var isRecursive: [Bool]

  private var callees: [[Int32]]
  private var index: [Int32]
  private var low: [Int32]
  private var open: [Int32] = []
  private var isOpen: [Bool]
  private var next: Int32 = 0
  private var rings: Int32 = 0

  init(_ bodies: [LanguageID], _ table: inout LanguageTable) {
    callees = []
    for body in bodies { callees.append(Array(Set(table.leadingCalls(body).map(\.rule)))) }
    let count = bodies.count
    ring = Array(repeating: 0, count: count)
    isRecursive = Array(repeating: false, count: count)
    index = Array(repeating: -1, count: count)
    low = Array(repeating: 0, count: count)
    isOpen = Array(repeating: false, count: count)
    for rule in 0..<count where index[rule] < 0 { visit(rule) }
    // Rings were numbered from the last to the first.
    for rule in 0..<count { ring[rule] = rings - ring[rule] }
    callees = []
  }

  /// Tarjan's strongly connected components, without recursion.
  private mutating func visit(_ root: Int) {
    var path: [(rule: Int, next: Int)] = [(root, 0)]
    enter(root)
    while let (rule, position) = path.last {
      if position < callees[rule].count {
        path[path.count - 1].next += 1
        let callee = Int(callees[rule][position])
        if callee == rule { isRecursive[rule] = true }
        if index[callee] < 0 {
          enter(callee)
          path.append((callee, 0))
        } else if isOpen[callee] {
          low[rule] = min(low[rule], index[callee])
        }
      } else {
        path.removeLast()
        if let caller = path.last?.rule { low[caller] = min(low[caller], low[rule]) }
        if low[rule] == index[rule] { close(rule) }
      }
    }
  }

  private mutating func enter(_ rule: Int) {
    index[rule] = next
    low[rule] = next
    next += 1
    open.append(Int32(rule))
    isOpen[rule] = true
  }

  private mutating func close(_ root: Int) {
    let isLarge = open.last != Int32(root)
    while let member = open.popLast() {
      isOpen[Int(member)] = false
      ring[Int(member)] = rings
      if isLarge { isRecursive[Int(member)] = true }
      if member == root { break }
    }
    rings += 1
  }
}
