internal import ApusSystem

/// What libFuzzer calls with each input; `APUS_FUZZ_TARGET` names what reads it.
@_cdecl("LLVMFuzzerTestOneInput")
public func readInput(_ start: UnsafePointer<UInt8>?, _ count: Int) -> CInt {
  let bytes = unsafe Array(UnsafeBufferPointer(start: start, count: count))
  chosen.read(bytes)
  return 0
}

private let chosen: FuzzTarget = {
  let name = unsafe getenv("APUS_FUZZ_TARGET").map { unsafe String(cString: $0) } ?? ""
  guard let target = FuzzTarget(rawValue: name) else {
    preconditionFailure(
      "set APUS_FUZZ_TARGET to one of: " + FuzzTarget.allCases.map(\.rawValue).joined(separator: ", "))
  }
  return target
}()
