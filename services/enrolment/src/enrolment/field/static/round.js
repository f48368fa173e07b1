// Rounds of contact and questions, by the days of the campaign.

/**
 * @typedef {{id: string, kind: "single" | "multiple" | "scale", text: Object<string, string>,
 *   choices: {id: string, label: Object<string, string>}[]}} Question
 * @typedef {{id: string, name: Object<string, string>, opens_on: string, closes_on: string, questions: Question[]}} Round
 */

/** The round in which people are called and asked on `day`; rounds do not overlap. @param {Round[]} rounds @param {string} day */
export function openRound(rounds, day) {
  return rounds.find((round) => round.opens_on <= day && day <= round.closes_on) ?? null;
}

/** Whether tomorrow is too late for answers, or nearly so. @param {Round | undefined} round @param {string} day */
export function isEnding(round, day) {
  return round === undefined || dayAfter(day) >= round.closes_on;
}

/** @param {string} day as 2026-11-28 @param {number} [days] */
export function dayAfter(day, days = 1) {
  const moved = new Date(`${day}T00:00:00Z`);
  moved.setUTCDate(moved.getUTCDate() + days);
  return moved.toISOString().slice(0, 10);
}
