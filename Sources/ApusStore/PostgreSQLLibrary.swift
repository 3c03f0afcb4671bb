internal import Foundation

/// The calls of libpq that a connection needs.
///
/// It is loaded when a database is first asked for: it brings two dozen other libraries, which no other command needs. Names
/// and types are those of `libpq-fe.h`, PostgreSQL 15.
@safe struct PostgreSQLLibrary: Sendable {
  typealias Connection = OpaquePointer
  typealias Outcome = OpaquePointer
  typealias Strings = UnsafePointer<UnsafePointer<CChar>?>

  /// `CONNECTION_OK` of `PQstatus`.
  static let isConnected: CInt = 0
  /// `PGRES_COMMAND_OK` and `PGRES_TUPLES_OK` of `PQresultStatus`.
  static let isGood: ClosedRange<CInt> = 1...2

  let connect: @convention(c) (Strings, Strings, CInt) -> Connection?
  let parseAddress: @convention(c) (UnsafePointer<CChar>, UnsafeMutableRawPointer?) -> OpaquePointer?
  let freeAddress: @convention(c) (OpaquePointer) -> Void
  let status: @convention(c) (Connection) -> CInt
  let setNonblocking: @convention(c) (Connection, CInt) -> CInt
  let needsPassword: @convention(c) (Connection) -> CInt
  let usedPassword: @convention(c) (Connection) -> CInt
  let finish: @convention(c) (Connection) -> Void
  let socket: @convention(c) (Connection) -> CInt
  let sendQuery:
    @convention(c) (
      Connection, UnsafePointer<CChar>, CInt, UnsafePointer<CUnsignedInt>?, Strings, UnsafePointer<CInt>,
      UnsafePointer<CInt>, CInt
    ) -> CInt
  let flush: @convention(c) (Connection) -> CInt
  let isBusy: @convention(c) (Connection) -> CInt
  let consumeInput: @convention(c) (Connection) -> CInt
  let result: @convention(c) (Connection) -> Outcome?
  let resultStatus: @convention(c) (Outcome) -> CInt
  let errorField: @convention(c) (Outcome, CInt) -> UnsafeMutablePointer<CChar>?
  let rowCount: @convention(c) (Outcome) -> CInt
  let columnCount: @convention(c) (Outcome) -> CInt
  let value: @convention(c) (Outcome, CInt, CInt) -> UnsafeMutablePointer<CChar>?
  let length: @convention(c) (Outcome, CInt, CInt) -> CInt
  let clear: @convention(c) (Outcome) -> Void

  #if canImport(Darwin)
    private static let paths = ["libpq.5.dylib", "/opt/homebrew/opt/libpq/lib/libpq.5.dylib"]
  #else
    private static let paths = ["libpq.so.5"]
  #endif

  /// Loads it, where that has not been done, and finds the calls.
  init() throws(StoreError) {
    guard let library = unsafe Self.paths.lazy.compactMap({ unsafe dlopen($0, RTLD_NOW | RTLD_LOCAL) }).first else {
      throw StoreError("PostgreSQL needs libpq, which cannot be loaded: install it (on Debian and Ubuntu libpq5)")
    }
    func find<Call>(_ name: String, as type: Call.Type = Call.self) throws(StoreError) -> Call {
      guard let call = unsafe dlsym(library, name) else {
        throw StoreError("this libpq has no \(name): install that of PostgreSQL 12 or later")
      }
      return unsafe unsafeBitCast(call, to: type)
    }
    unsafe connect = try find("PQconnectdbParams")
    unsafe parseAddress = try find("PQconninfoParse")
    unsafe freeAddress = try find("PQconninfoFree")
    unsafe status = try find("PQstatus")
    unsafe setNonblocking = try find("PQsetnonblocking")
    unsafe needsPassword = try find("PQconnectionNeedsPassword")
    unsafe usedPassword = try find("PQconnectionUsedPassword")
    unsafe finish = try find("PQfinish")
    unsafe socket = try find("PQsocket")
    unsafe sendQuery = try find("PQsendQueryParams")
    unsafe flush = try find("PQflush")
    unsafe isBusy = try find("PQisBusy")
    unsafe consumeInput = try find("PQconsumeInput")
    unsafe result = try find("PQgetResult")
    unsafe resultStatus = try find("PQresultStatus")
    unsafe errorField = try find("PQresultErrorField")
    unsafe rowCount = try find("PQntuples")
    unsafe columnCount = try find("PQnfields")
    unsafe value = try find("PQgetvalue")
    unsafe length = try find("PQgetlength")
    unsafe clear = try find("PQclear")
  }
}
