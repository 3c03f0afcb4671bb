private import ApusSystem

/// The file descriptors that this process may have.
enum Descriptors {
  /// As many as a server can use; some programs take time for each that is allowed.
  private static let enough: rlim_t = 65_536

  #if canImport(Glibc)
    private static let resource = __rlimit_resource_t(RLIMIT_NOFILE.rawValue)
  #else
    private static let resource = RLIMIT_NOFILE
  #endif

  /// Raises the limit as far as the system lets this process, and returns it.
  static func raiseLimit() -> Int {
    var limit = rlimit()
    guard unsafe getrlimit(resource, &limit) == 0 else { return 256 }
    let former = limit.rlim_cur
    limit.rlim_cur = max(former, min(limit.rlim_max, enough))
    let isRaised = unsafe setrlimit(resource, &limit) == 0
    return Int(min(isRaised ? limit.rlim_cur : former, enough))
  }

  /// Gives standard error its place where it was closed: what is opened next must not get the program's messages.
  static func keepStandardError() {
    while fcntl(STDERR_FILENO, F_GETFD) == -1 {
      guard unsafe open("/dev/null", O_RDWR) >= 0 else { return }
    }
  }

  /// Whether there are so few that not even the start of a program succeeds.
  static var areTooFew: Bool { raiseLimit() < used + 4 }

  /// How many are open: those that were inherited, too.
  static var used: Int { (0..<1024).count { fcntl($0, F_GETFD) != -1 } }
}
