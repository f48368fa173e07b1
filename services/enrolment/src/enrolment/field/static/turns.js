// Work that is done one at a time, in all windows of the app.

/**
 * Whoever asks while it is being done has it done once more afterwards: it may have looked too early, and may fail.
 * @param {string} lock its name @param {() => Promise<void>} work
 * @returns {() => Promise<void>} ends as the work does
 */
export function inTurn(lock, work) {
  /** @type {Promise<void> | null} */
  let next = null;
  return () => {
    next ??= navigator.locks.request(lock, () => {
      next = null;
      return work();
    });
    return next;
  };
}
