// What this server takes of a consent, filled in where it is served; what it does not know yet stays on the phone.
export const CONSENT_FIELDS = JSON.parse('{{consent_fields}}');
