package import ApusCPU
internal import Synchronization

/// What a model takes of memory at most, in bytes.
package struct MemoryDemand: Equatable {
  /// Pages of the file: they stay in use as long as the model does, but the system counts them as free.
  package var mapped = 0
  /// Memory of the process's own, which the system gives when it is first touched.
  package var own = 0

  package init(mapped: Int = 0, own: Int = 0) {
    self.mapped = mapped
    self.own = own
  }

  package var byteCount: Int { mapped + own }

  package static func + (one: MemoryDemand, other: MemoryDemand) -> MemoryDemand {
    MemoryDemand(mapped: one.mapped + other.mapped, own: one.own + other.own)
  }

  package static func - (one: MemoryDemand, other: MemoryDemand) -> MemoryDemand {
    MemoryDemand(mapped: one.mapped - other.mapped, own: one.own - other.own)
  }

  /// How much of it the system still counts as free, where the process has touched so much memory since the first model.
  func untouched(touched: Int) -> Int { mapped + max(0, own - max(0, touched)) }
}

/// What the loaded models of a process have reserved, so that no memory is promised twice.
///
/// Most of what a model reserves is touched later or never, and until then the system calls it free.
package final class MemoryAccount: Sendable {
  /// That of the process, which has its memory once.
  package static let process = MemoryAccount()

  private struct State {
    var reserved = MemoryDemand()
    /// The process's own memory before the first of the models that are loaded.
    var ownBefore = 0
  }

  private let state = Mutex(State())

  /// An account of nothing.
  package init() {}

  /// Reserves what `plan` asks for, which is told how many bytes are free and how many more other models have reserved.
  ///
  /// Nobody else reserves meanwhile.
  package func reserve<Plan>(
    on machine: Machine, _ plan: (_ free: Int, _ reserved: Int) throws(ApusError) -> (Plan, MemoryDemand)
  ) throws(ApusError) -> (Plan, MemoryReservation) {
    try state.withLock { state throws(ApusError) in
      let own = machine.ownByteCount ?? 0
      if state.reserved.byteCount == 0 { state.ownBefore = own }
      let untouched = state.reserved.untouched(touched: own - state.ownBefore)
      let (plan, demand) = try plan(max(0, machine.freeByteCount - untouched), state.reserved.byteCount)
      state.reserved = state.reserved + demand
      return (plan, MemoryReservation(demand, in: self))
    }
  }

  /// Bytes that all loaded models have reserved.
  package var reservedByteCount: Int { state.withLock { $0.reserved.byteCount } }

  fileprivate func release(_ demand: MemoryDemand) { state.withLock { $0.reserved = $0.reserved - demand } }
}

/// A model's part of an account; given back when the last reference is gone.
package final class MemoryReservation: Sendable {
  package let byteCount: Int
  /// Tells when it was given back.
  let end = ReservationEnd()
  private let demand: MemoryDemand
  private let account: MemoryAccount

  fileprivate init(_ demand: MemoryDemand, in account: MemoryAccount) {
    byteCount = demand.byteCount
    self.demand = demand
    self.account = account
  }

  deinit {
    account.release(demand)
    end.note()
  }
}

/// Whether a reservation was given back.
final class ReservationEnd: Sendable {
  private let flag = Atomic<Bool>(false)

  var hasCome: Bool { flag.load(ordering: .acquiring) }

  fileprivate func note() { flag.store(true, ordering: .releasing) }
}
