"""The problems of reporting's own, beside those of `mitra_shared.http.problems`."""

from typing import Final

from mitra_shared.http.problems import ProblemKind

CAMPAIGN_UNKNOWN: Final = ProblemKind("campaign-unknown", "No such campaign is known here", 404)
AREA_UNKNOWN: Final = ProblemKind("area-unknown", "No such area in the campaign", 404)
ROUND_UNKNOWN: Final = ProblemKind("round-unknown", "No such round in the campaign", 404)
NOT_READ_YET: Final = ProblemKind("figures-not-read-yet", "The service has only just begun", 503)
NOT_REACHED: Final = ProblemKind("positions-not-reached", "The place of the log is not included yet", 503)
EXPORT_UNKNOWN: Final = ProblemKind("export-unknown", "There is no such export", 404)
EXPORTS_FULL: Final = ProblemKind("exports-full", "No more exports for the moment", 503)
BRIEF_NOT_SET: Final = ProblemKind("brief-not-set", "The brief cannot be set", 500)
FEED_FULL: Final = ProblemKind("feed-full", "No more live subscribers for the moment", 503)
WEBHOOK_UNKNOWN: Final = ProblemKind("webhook-unknown", "There is no such webhook in the campaign", 404)
WEBHOOKS_FULL: Final = ProblemKind("webhooks-full", "The campaign has as many webhooks as it may", 409)
SECRETS_FULL: Final = ProblemKind("webhook-secrets-full", "Too many secrets of the webhook sign already", 409)
