internal import ApusChat
internal import Testing

struct TurnEventTests {
  @Test func eventsCompareByWhatTheySay() {
    #expect(TurnEvent.content("a") != TurnEvent.reasoning("a"))
  }
}
