internal import ApusJSON
internal import HTTPTypes
internal import Hummingbird

extension ByteBuffer {
  /// The JSON text of `json`, in its shortest form.
  init(json: JSONValue) { self.init(bytes: json.serialized(.compact)) }
}

extension Response {
  /// A whole response of JSON.
  init(json: JSONValue) {
    self.init(
      status: .ok, headers: [.contentType: "application/json"], body: ResponseBody(byteBuffer: ByteBuffer(json: json)))
  }
}
