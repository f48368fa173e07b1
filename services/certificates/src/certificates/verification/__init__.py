"""The page at `/v` that verifies certificates in the browser of whoever opens it."""
