// How values look on the page: dates, hosts, and text of others made harmless to look at.

const INDIA_MS = 330 * 60_000;
// Marks that turn the direction of what follows, and controls: with them one field could pose as another.
const TURNING = /[\u0000-\u001f\u007f-\u009f\u2028\u2029\u202a-\u202e\u2066-\u2069]/g;

export function visible(text) {
  return text.replace(TURNING, "");
}

// 24-11-2026, in India, wherever the device is: as on the certificate.
export function day(seconds) {
  const [year, month, date] = isoInIndia(seconds).slice(0, 10).split("-");
  return `${date}-${month}-${year}`;
}

export function moment(seconds) {
  return `${day(seconds)} ${isoInIndia(seconds).slice(11, 16)}`;
}

function isoInIndia(seconds) {
  return new Date(seconds * 1000 + INDIA_MS).toISOString();
}

// mitra.example.org of did:web:mitra.example.org; whatever else it is, as it is.
export function hostOf(did) {
  const found = /^did:web:([A-Za-z0-9.-]+)(%3A\d{1,5})?$/i.exec(did);
  return found ? found[1] + (found[2] ? `:${found[2].slice(3)}` : "") : visible(did);
}

// The language whose letters a name is mostly written in: browsers choose the font by it.
export function languageOf(name) {
  if (/[\u0900-\u097f]/.test(name)) return "hi";
  return /[\u0600-\u06ff\u0750-\u077f\ufb50-\ufdff\ufe70-\ufeff]/.test(name) ? "ur" : "en";
}
