// Why a text is no code at all; what the page says about it is in words/.

// reason: "empty", "too_long", "foreign" (of something else), "truncated" (its end is missing) or "broken".
export class Unreadable extends Error {
  constructor(reason) {
    super(reason);
    this.name = "Unreadable";
    this.reason = reason;
  }
}
