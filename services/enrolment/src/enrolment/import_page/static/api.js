// What the page asks of `/v1/imports`.
import { askSigned } from "./session.js";

export const PATH = "/v1/imports";
const ROWS_A_PAGE = 50;

/**
 * @typedef {{field: string, code: string, message: string, expected: string}} Wrong
 * @typedef {{columns: Object<string, number>, values: Object<string, string>}} Mapping
 * @typedef {{index: number, letters: string, heading: string, never_read: boolean}} Column
 * @typedef {{id: string, state: string, why: string | null, message: string | null, expected: string | null,
 *   uploaded_at: string, continues_at: string | null, bytes: number, format: string | null,
 *   sheets: {index: number, name: string, hidden: boolean}[], sheet: number | null, columns: Column[], mapping: Mapping,
 *   unmapped: string[], preview: number, rows: number, faulty: number, problems: (Wrong & {rows: number})[],
 *   outcomes: Object<string, number>, remaining: number, same_file: string[]}} Import
 * @typedef {{row: number, outcome: string | null, problems: (Wrong & {column: string | null})[]}} Row
 */

/** @returns {Promise<Import[]>} newest first */
export async function myImports() {
  return (await (await askSigned(PATH)).json()).imports;
}

/** @param {string} id @returns {Promise<Import>} */
export async function importOf(id) {
  return (await askSigned(at(id))).json();
}

/** Rows that something stands against. @param {string} id @param {number} after @returns {Promise<{rows: Row[], next: number | null}>} */
export async function rowsOf(id, after) {
  return (await askSigned(`${at(id)}/rows?${new URLSearchParams({ after: String(after), limit: String(ROWS_A_PAGE) })}`)).json();
}

/** @param {string} id @param {Mapping & {sheet?: number}} mapping */
export function readOtherwise(id, mapping) {
  return askSigned(`${at(id)}/mapping`, { ...json(mapping), method: "PUT" });
}

/** @param {string} id @param {number} preview that was seen */
export function accept(id, preview) {
  return askSigned(`${at(id)}/accept`, { ...json({ preview, papers_are_signed: true }), method: "POST" });
}

/** @param {string} id */
export function cancel(id) {
  return askSigned(at(id), { method: "DELETE" });
}

/** @returns {Promise<Blob>} */
export async function template() {
  return (await askSigned(`${PATH}/template.csv`)).blob();
}

/** @param {string} id @returns {Promise<Blob>} */
export async function resultOf(id) {
  return (await askSigned(`${at(id)}/result.csv`)).blob();
}

/** @param {string} id */
function at(id) {
  return `${PATH}/${encodeURIComponent(id)}`;
}

/** @param {any} value */
function json(value) {
  return { headers: { "Content-Type": "application/json" }, body: JSON.stringify(value) };
}
