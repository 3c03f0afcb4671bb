private import ApusSystem

/// One operating-system thread with a name and a stack of its own, for work that must not block Swift's pool.
@safe package final class DedicatedThread: @unchecked Sendable {
  // Sendable: the thread's handle is written in `init` only, and `deinit` is the only one to use it.
  private let thread: pthread_t

  /// Starts a thread that runs `body` once; nil where the operating system gives none.
  ///
  /// - Parameters:
  ///   - name: At most 15 bytes, as Linux has it.
  ///   - stackByteCount: The size of its stack; nil leaves it to the system.
  ///   - body: What it does.
  package init?(name: String, stackByteCount: Int? = nil, _ body: @escaping @Sendable () -> Void) {
    let start = unsafe Unmanaged.passRetained(ThreadStart(name: name, body: body))
    var attributes = pthread_attr_t()
    unsafe pthread_attr_init(&attributes)
    defer { unsafe pthread_attr_destroy(&attributes) }
    if let stackByteCount { unsafe pthread_attr_setstacksize(&attributes, stackByteCount) }
    #if canImport(Darwin)
      var thread: pthread_t?
      let result = unsafe pthread_create(&thread, &attributes, { argument in enter(argument) }, start.toOpaque())
      guard result == 0, let thread = unsafe thread else {
        unsafe start.release()
        return nil
      }
      unsafe self.thread = thread
    #else
      var thread = pthread_t()
      let result = unsafe pthread_create(&thread, &attributes, { unsafe enter($0) }, start.toOpaque())
      guard result == 0 else {
        unsafe start.release()
        return nil
      }
      self.thread = thread
    #endif
  }

  /// Whether the caller is on this thread.
  package var isCurrent: Bool { pthread_equal(thread, pthread_self()) != 0 }

  /// Waits for the thread's end, unless it is this thread itself that lets go of the last reference.
  deinit {
    if isCurrent {
      pthread_detach(thread)
    } else {
      pthread_join(thread, nil)
    }
  }
}

/// What a new thread gets.
private final class ThreadStart {
  let name: String
  let body: @Sendable () -> Void

  init(name: String, body: @escaping @Sendable () -> Void) {
    self.name = name
    self.body = body
  }
}

private func enter(_ argument: UnsafeMutableRawPointer?) -> UnsafeMutableRawPointer? {
  guard let argument = unsafe argument else { return nil }
  let start = unsafe Unmanaged<ThreadStart>.fromOpaque(argument).takeRetainedValue()
  nameCurrentThread(start.name)
  start.body()
  return nil
}

/// Gives this thread the name that debuggers and `top` show; not having one does no harm.
private func nameCurrentThread(_ name: String) {
  #if canImport(Darwin)
    pthread_setname_np(name)
  #else
    // Linux, proc(5): a thread's name is what is written here; Swift does not see `pthread_setname_np`.
    let descriptor = unsafe open("/proc/thread-self/comm", O_WRONLY | O_CLOEXEC)
    guard descriptor >= 0 else { return }
    let bytes = Array(name.utf8)
    _ = unsafe write(descriptor, bytes, bytes.count)
    close(descriptor)
  #endif
}
