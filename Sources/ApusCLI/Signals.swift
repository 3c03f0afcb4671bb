private import ApusSystem
internal import Synchronization

/// What the program does about signals.
enum Signals {
  /// Sets up what holds for the whole run: a cut model file ends with a sentence, a closed pipe is a write error.
  static func install() {
    _ = signal(SIGPIPE, SIG_IGN)
    _ = signal(SIGBUS) { _ in
      // Only async-signal-safe calls are allowed here: no allocation, no lock.
      let message: StaticString =
        "Error: the model file changed or was cut while in use: restore it and start again, or use --no-mmap\n"
      if StandardError.canTake(within: 0) {
        _ = unsafe write(STDERR_FILENO, message.utf8Start, message.utf8CodeUnitCount)
      }
      // EX_OSERR of sysexits.h.
      _exit(71)
    }
  }

  /// From here on SIGHUP does not end the program; a server that has started reads its files again.
  static func ignoreHangup() { _ = signal(SIGHUP, SIG_IGN) }
}

/// How often Ctrl-C was pressed since the answer began; set by the signal handler, hence an atomic.
private let interrupts = Atomic<Int>(0)

/// Ctrl-C while an answer is produced: it stops the answer; a second one ends the program.
enum Interrupts {
  /// Whether Ctrl-C was pressed since `begin`.
  static var isPending: Bool { interrupts.load(ordering: .relaxed) > 0 }

  /// From here on Ctrl-C is counted.
  static func begin() {
    interrupts.store(0, ordering: .relaxed)
    _ = signal(SIGINT) { _ in
      guard interrupts.add(1, ordering: .relaxed).newValue > 1 else { return }
      _exit(Failure.interrupted)
    }
  }

  /// From here on Ctrl-C ends the program again.
  static func end() { _ = signal(SIGINT, SIG_DFL) }
}
