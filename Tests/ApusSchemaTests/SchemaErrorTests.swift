internal import ApusSchema
internal import Testing

struct SchemaErrorTests {
  @Test func anErrorSaysWhere() {
    #expect(SchemaError(place: "#/items", reason: "no").place == "#/items")
  }
}
