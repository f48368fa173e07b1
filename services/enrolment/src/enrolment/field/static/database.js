// The database of this phone. What is personal lies in it sealed (vault.js); numbers, keys and counts in clear.
//
//   meta     "vault" the key · "devices" by staff id {id, last} · "staff" · "session" sealed · "campaign" ·
//            "receipt" · "last" sealed · "asked" when certificates were asked for · "clock" · "stored" key of the record stored last · "installation" ·
//            "due" how many are to be called · "sheetsAt" the moment of sheets (sheet_moment.js) · "sheetsRefused" counts by reason
//   records  {number, key, day, nonce, sealed, state: "waiting" | "refused" | "unreadable", problem}
//   days     {day, made, enrolled, refused} as this phone has seen it
//   people   {key, day, state of the certificate, nonce, sealed} who was enrolled from here (people.js)
//   handovers {record, at, state, told, nonce, sealed} certificates handed over (handovers.js)
//   drafts   {key, at, nonce, sealed} half-filled forms (drafts.js)
//   photos   {record, id, state, turn, day, mitra, problem, name, nonce, sealed} of signed papers (paper_photos.js)
//   calls    {key, contact, day, order, state, nonce, sealed} people to call today (calls.js)
//   outcomes {contact, state, nonce, sealed, problem} what came of calls (outcomes.js)
//   sheets   {id, nonce, sealed} anonymous answers: no day, no order, nothing that leads to a call (sheets.js)
//   outreach {key, day, segment, meetings, people, change, state, problem} meetings held (outreach.js)

const NAME = "mitra-field";

/**
 * One step for each version; a step that was released is never changed. They run in the transaction of the
 * upgrade: a phone killed in the middle has the old version, whole.
 * @type {((database: IDBDatabase, upgrade: IDBTransaction) => void)[]}
 */
const STEPS = [
  (database) => {
    database.createObjectStore("meta");
    database.createObjectStore("records", { keyPath: "number" }).createIndex("by_key", "key", { unique: true });
  },
  // Refused records stay here to be mended, and days are counted: a queue of before has only what waits.
  (database, upgrade) => {
    const days = database.createObjectStore("days", { keyPath: "day" });
    const records = upgrade.objectStore("records");
    records.createIndex("by_state", ["state", "number"]);
    const made = new Map();
    records.openCursor().onsuccess = ({ target }) => {
      const cursor = /** @type {IDBRequest<IDBCursorWithValue | null>} */ (target).result;
      if (cursor === null) {
        for (const [day, count] of made) days.put({ day, made: count, enrolled: 0, refused: 0 });
        return;
      }
      made.set(cursor.value.day, (made.get(cursor.value.day) || 0) + 1);
      cursor.update({ ...cursor.value, state: "waiting" });
      cursor.continue();
    };
  },
  (database) => {
    database.createObjectStore("people", { keyPath: "key" });
    database.createObjectStore("handovers", { keyPath: "record" }).createIndex("by_state", "state");
    database.createObjectStore("drafts", { keyPath: "key" });
  },
  (database) => {
    database.createObjectStore("photos", { keyPath: "record" }).createIndex("by_turn", ["state", "turn"]);
  },
  (database) => {
    database.createObjectStore("calls", { keyPath: "key" });
    database.createObjectStore("outcomes", { keyPath: "contact" }).createIndex("by_state", "state");
    database.createObjectStore("sheets", { keyPath: "id" });
    database.createObjectStore("outreach", { keyPath: "key" }).createIndex("by_state", "state");
  },
];

/** @type {Promise<IDBDatabase> | null} */
let opened = null;

/** @returns {Promise<IDBDatabase>} */
function open() {
  if (opened === null) opened = opening();
  return opened;
}

function opening() {
  return new Promise((resolve, reject) => {
    const asked = indexedDB.open(NAME, STEPS.length);
    asked.onupgradeneeded = ({ oldVersion }) => {
      for (const step of STEPS.slice(oldVersion)) step(asked.result, asked.transaction);
    };
    asked.onerror = () => reject(asked.error);
    asked.onsuccess = () => {
      // A newer version of the app in another tab waits for this one to let go.
      asked.result.onversionchange = () => {
        asked.result.close();
        location.reload();
      };
      asked.result.onclose = () => {
        opened = null;
      };
      resolve(asked.result);
    };
  });
}

/**
 * Runs `work` in one transaction, and resolves once that is on the disk.
 * @template T
 * @param {string[]} stores
 * @param {"readonly" | "readwrite"} mode
 * @param {(store: (name: string) => IDBObjectStore) => Promise<T>} work awaits nothing but `done(request)`
 * @returns {Promise<T>} rejects with QuotaExceededError where the disk is full; nothing was changed then
 */
export async function transact(stores, mode, work) {
  const transaction = (await open()).transaction(stores, mode, { durability: "strict" });
  const ended = new Promise((resolve, reject) => {
    transaction.oncomplete = resolve;
    transaction.onabort = () => reject(transaction.error || new Error("the transaction was aborted"));
  });
  // Should `work` fail first, that is what the caller is told.
  ended.catch(() => {});
  let result;
  try {
    result = await work((name) => transaction.objectStore(name));
  } catch (error) {
    try {
      transaction.abort();
    } catch (already) {
      if (/** @type {Error} */ (already).name !== "InvalidStateError") throw already;
    }
    throw transaction.error || error;
  }
  await ended;
  return result;
}

/**
 * @template T
 * @param {IDBRequest<T>} request
 * @returns {Promise<T>}
 */
export function done(request) {
  return new Promise((resolve, reject) => {
    request.onsuccess = () => resolve(request.result);
    request.onerror = () => reject(request.error);
  });
}

/** @param {string} name @returns {Promise<any>} */
export function read(name) {
  return transact(["meta"], "readonly", (store) => done(store("meta").get(name)));
}

/** @param {string} name @param {any} value */
export function write(name, value) {
  return transact(["meta"], "readwrite", (store) => done(store("meta").put(value, name)));
}
