// What can be said of a file before it is sent. The server judges again, by the content.
const MOST_BYTES = 33_554_432;
const LOOKED_AT = 8;
/** How files begin that are no sheets, or old ones. @type {[string, number[]][]} */
const BEGINNINGS = [
  ["old-workbook", [0xd0, 0xcf, 0x11, 0xe0]],
  ["not-a-sheet", [0x25, 0x50, 0x44, 0x46]],
  ["not-a-sheet", [0x89, 0x50, 0x4e, 0x47]],
  ["not-a-sheet", [0xff, 0xd8, 0xff]],
];

/** The file was changed or moved since it was chosen, or cannot be read. */
export class FileGone extends Error {}

/** The file cannot be imported: `code` as the server would call it. */
export class WrongFile extends Error {
  /** @param {string} code */
  constructor(code) {
    super(code);
    this.code = code;
  }
}

/** Reads the whole file, so that every attempt sends the same. @param {File} file @returns {Promise<ArrayBuffer>} */
export async function contentOf(file) {
  if (file.size > MOST_BYTES) throw new WrongFile("file-too-large");
  if (file.size === 0) throw new WrongFile("file-empty");
  let content;
  try {
    content = await file.arrayBuffer();
  } catch (error) {
    throw new FileGone(/** @type {Error} */ (error).message);
  }
  const first = new Uint8Array(content, 0, Math.min(LOOKED_AT, content.byteLength));
  const wrong = BEGINNINGS.find(([, bytes]) => bytes.every((byte, at) => first[at] === byte));
  if (wrong) throw new WrongFile(wrong[0]);
  return content;
}
