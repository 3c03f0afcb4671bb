internal import ApusJSON
internal import Hummingbird

extension ByteBuffer {
  /// The JSON text of `json`, in its shortest form.
  init(json: JSONValue) { self.init(bytes: json.serialized(.compact)) }
}
