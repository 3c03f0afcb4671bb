internal import Apus
internal import ApusCPU
internal import ApusCore
internal import Testing

struct MemoryAccountTests {
  private func machine(available: Int, own: Int?) -> Machine {
    var machine = Machine.current()
    (machine.availableByteCount, machine.memoryLimit, machine.ownByteCount) = (available, nil, own)
    return machine
  }

  /// What an account says is free, without a reservation.
  private func free(_ account: MemoryAccount, on machine: Machine) throws -> Int {
    try account.reserve(on: machine) { free, _ throws(ApusError) in (free, MemoryDemand()) }.0
  }

  @Test func `What a model has reserved and not touched is not free`() throws {
    let account = MemoryAccount()
    let demand = MemoryDemand(mapped: 300, own: 200)
    let (free, reservation) = try account.reserve(on: machine(available: 1000, own: 50)) {
      free, reserved throws(ApusError) in
      #expect(reserved == 0)
      return (free, demand)
    }
    #expect(free == 1000)
    #expect(reservation.byteCount == 500)
    // Nothing touched; then half of its own memory; then all of it, and other things beside.
    #expect(try self.free(account, on: machine(available: 1000, own: 50)) == 500)
    #expect(try self.free(account, on: machine(available: 900, own: 150)) == 500)
    #expect(try self.free(account, on: machine(available: 700, own: 350)) == 400)
    // A process that shrank, and a system that does not tell.
    #expect(try self.free(account, on: machine(available: 1000, own: 0)) == 500)
    #expect(try self.free(account, on: machine(available: 1000, own: nil)) == 500)
    #expect(try self.free(account, on: machine(available: 100, own: 50)) == 0)
    withExtendedLifetime(reservation) {}
  }

  @Test func `A reservation that goes gives everything back, and one that fails takes nothing`() throws {
    let account = MemoryAccount()
    let here = machine(available: 1000, own: 0)
    var reservation: MemoryReservation? = try account.reserve(on: here) { _, _ throws(ApusError) in
      ((), MemoryDemand(mapped: 1, own: 999))
    }.1
    #expect(account.reservedByteCount == 1000)
    #expect(throws: ApusError.stopped) {
      _ = try account.reserve(on: here) { free, reserved throws(ApusError) -> (Void, MemoryDemand) in
        #expect(free == 0 && reserved == 1000)
        throw .stopped
      }
    }
    #expect(account.reservedByteCount == 1000)
    reservation = nil
    #expect(reservation == nil && account.reservedByteCount == 0)
    #expect(try free(account, on: here) == 1000)
  }

  @Test func `A model's reservation is what it may take, and ends with it`() async throws {
    let account = MemoryAccount()
    let tiny = try TestModel()
    var model: Model? = try await tiny.load { $0.runtime = Runtime(memory: account) }
    let information = try #require(model?.information)
    #expect(account.reservedByteCount == information.memory)
    #expect(information.memory > information.kvMemory)
    let stream = try #require(try model?.stream(tokens: [1, 5, 6], options: .greedy(3)))
    model = nil
    #expect(account.reservedByteCount == information.memory)
    _ = try await stream.completion()
    let copy = try await tiny.load { options in
      options.runtime = Runtime(memory: account)
      options.memory = information.memory
    }
    #expect(copy.information.memory <= information.memory)
  }

  @Test func `A model that would take more than it may is refused`() async throws {
    let account = MemoryAccount()
    let tiny = try TestModel()
    let error = await #expect(throws: ApusError.self) {
      _ = try await tiny.load { options in
        options.memory = 10_000
        options.runtime = Runtime(memory: account)
      }
    }
    guard case .notEnoughMemory(let needed, 10_000, _) = error else {
      Issue.record("\(String(describing: error))")
      return
    }
    #expect(needed > 10_000)
    #expect(account.reservedByteCount == 0)
  }
}
