internal import HTTPTypes
internal import Hummingbird

/// The chat page at `/` and its files, which are part of the program.
struct Page: Sendable {
  private static let files: [(path: String, type: String, bytes: [UInt8])] = [
    ("/page/style.css", "text/css; charset=utf-8", PackageResources.style_css),
    ("/page/app.js", script, PackageResources.app_js),
    ("/page/api.js", script, PackageResources.api_js),
    ("/page/markdown.js", script, PackageResources.markdown_js),
    ("/page/messages.js", script, PackageResources.messages_js),
    ("/page/settings.js", script, PackageResources.settings_js),
    ("/page/status.js", script, PackageResources.status_js),
  ]
  private static let script = "text/javascript; charset=utf-8"
  /// Nothing from elsewhere, and no script but those files: what a model writes can do nothing.
  private static let policy =
    "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; connect-src 'self'; img-src data:; "
    + "base-uri 'none'; form-action 'self'; frame-ancestors 'none'"

  var routes: [Route] {
    Self.files.map { file in
      Route(.get, file.path, Routes.standardDialect, access: .open) { _, _ in Self.response(file.bytes, file.type) }
    }
  }

  /// The page, where a browser asks for it.
  static func page(for request: Request) -> Response? {
    guard request.headers[.accept]?.contains("text/html") ?? false else { return nil }
    return response(PackageResources.index_html, "text/html; charset=utf-8")
  }

  private static func response(_ bytes: [UInt8], _ type: String) -> Response {
    var headers: HTTPFields = [.contentType: type, .cacheControl: "no-cache", .contentSecurityPolicy: policy]
    headers[.xContentTypeOptions] = "nosniff"
    return Response(status: .ok, headers: headers, body: ResponseBody(byteBuffer: ByteBuffer(bytes: bytes)))
  }
}
