package import ApusCore
private import ApusSystem

/// The system's OpenBLAS, loaded when it is first asked for: the only place that knows its functions.
///
/// Linked, it would start threads and take 139 MB of address space for each in every process that never multiplies by
/// it. It stays loaded, because a library with threads of its own cannot be unloaded safely.
@safe package final class OpenBLAS: Sendable {
  private typealias SetThreads = @convention(c) (CInt) -> Void
  private typealias Description = @convention(c) () -> UnsafePointer<CChar>?
  /// `cblas_sgemm`, with the 32-bit integers that distributions build it with.
  private typealias Multiply =
    @convention(c) (
      CInt, CInt, CInt, CInt, CInt, CInt, Float, UnsafePointer<Float>?, CInt, UnsafePointer<Float>?, CInt, Float,
      UnsafeMutablePointer<Float>?, CInt
    ) -> Void

  /// Its version and how it was built, as it says itself.
  package let name: String
  private let multiply: Multiply

  /// Loads the library, for `threads` threads of ours to call; throws where it is missing or has no room.
  package init(threads: Int) throws(BackendError) {
    try Self.checkRoom(threads: threads)
    let library = unsafe try Self.open()
    guard let setThreads = unsafe dlsym(library, "openblas_set_num_threads"),
      let description = unsafe dlsym(library, "openblas_get_config"),
      let multiply = unsafe dlsym(library, "cblas_sgemm")
    else {
      throw .unsupported("the OpenBLAS of this system lacks functions: install another one, or go on without it")
    }
    // Our threads call it, a tile each: it must use none of its own.
    unsafe unsafeBitCast(setThreads, to: SetThreads.self)(1)
    let text = unsafe unsafeBitCast(description, to: Description.self)()
    name = unsafe text.map { unsafe String(cString: $0) } ?? "OpenBLAS"
    unsafe self.multiply = unsafe unsafeBitCast(multiply, to: Multiply.self)
  }

  /// Computes `y = x · wᵀ` of row-major matrices: x `[rows, columns]`, w `[wRows, columns]`, y with `yStride` values a
  /// row.
  @unsafe func matmul(
    _ x: UnsafePointer<Float>, rows: Int, columns: Int, _ w: UnsafePointer<Float>, wRows: Int,
    into y: UnsafeMutablePointer<Float>, yStride: Int
  ) {
    let (rowMajor, plain, transposed): (CInt, CInt, CInt) = (101, 111, 112)
    unsafe multiply(
      rowMajor, plain, transposed, CInt(rows), CInt(wRows), CInt(columns), 1, x, CInt(columns), w, CInt(columns), 0, y,
      CInt(yStride))
  }
}

extension OpenBLAS {
  #if canImport(Darwin)
    private static let paths = [
      "libopenblas.dylib", "/opt/homebrew/opt/openblas/lib/libopenblas.dylib",
      "/usr/local/opt/openblas/lib/libopenblas.dylib",
    ]
  #else
    private static let paths = ["libopenblas.so.0", "libopenblas.so"]
  #endif

  /// It starts a thread for every CPU that the loading thread may use, but the first: here for none.
  private static func open() throws(BackendError) -> UnsafeMutableRawPointer {
    let isKnown = Kernels.enterThread() != 0
    Kernels.pinThread(0)
    defer { if isKnown { Kernels.keepOff(-1) } }
    for path in paths {
      if let library = unsafe dlopen(path, RTLD_NOW | RTLD_LOCAL) { return unsafe library }
    }
    let reason = unsafe dlerror().map { unsafe String(cString: $0) } ?? "no reason is given"
    throw .unsupported(
      "OpenBLAS cannot be loaded (\(reason)): install it (on Debian and Ubuntu libopenblas0), or go on without it")
  }

  /// Bytes of address space that it takes for each thread that calls it, and for itself.
  private static let threadByteCount = 144 << 20

  /// Without room it would try for ever: so the room is asked for first, and given back.
  private static func checkRoom(threads: Int) throws(BackendError) {
    let (byteCount, overflow) = (threads + 1).multipliedReportingOverflow(by: threadByteCount)
    let room =
      overflow ? nil : unsafe mmap(nil, byteCount, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0)
    guard let room = unsafe room, unsafe room != MAP_FAILED else {
      throw .unsupported(
        "OpenBLAS needs \(threadByteCount >> 20) MiB of address space for itself and for each of \(threads) threads: "
          + "raise the limit, use fewer threads, or go on without it")
    }
    unsafe munmap(room, byteCount)
  }
}
