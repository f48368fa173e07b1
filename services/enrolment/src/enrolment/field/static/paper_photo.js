// The part of the form with the photo of the signed paper: taken, shown, taken again, deleted.
import { say } from "./language.js";
import { TooManyPhotos, dropPhotos, keepPhoto, photoOf } from "./paper_photos.js";
import { part, show } from "./parts.js";
import { UnreadablePicture, preview, scaledDown } from "./photo_scaling.js";

export class PaperPhoto {
  /** @param {() => void} changed after a photo was kept or deleted */
  constructor(changed) {
    this.changed = changed;
    /** Keys of the record of the form, and of the refused one that it mends. @type {(string | null)[]} */
    this.records = [];
    this.isThere = false;
    /** Resolved unless a photo is being made. @type {Promise<void>} */
    this.made = Promise.resolve();
    part("paper-file").addEventListener("change", () => {
      const [file] = part("paper-file").files;
      const { records } = this;
      // The same file may be chosen again.
      part("paper-file").value = "";
      if (file) this.made = this.made.then(() => this.take(file, records));
    });
    part("paper-drop").addEventListener("click", async () => {
      await dropPhotos(this.records);
      await this.look();
      this.changed();
    });
  }

  /** The form is that of this record from now on. @param {string} record @param {string | null} mends @param {boolean} isSigned */
  of(record, mends, isSigned) {
    part("paper-part").hidden = !isSigned;
    const isOther = this.records[0] !== record || this.records[1] !== mends;
    this.records = [record, mends];
    if (!isOther) return;
    show("paper-trouble", null);
    this.draw(null);
    this.look().catch((error) => console.warn("The photo is not shown:", error.message));
  }

  /** @param {File} file @param {(string | null)[]} records */
  async take(file, records) {
    show("paper-trouble", null);
    show("paper-making", say("paperMaking"));
    try {
      await keepPhoto(/** @type {string} */ (records[0]), await scaledDown(file));
    } catch (error) {
      show("paper-trouble", say(troubleWith(/** @type {Error} */ (error))));
    } finally {
      show("paper-making", null);
    }
    await this.look();
    this.changed();
  }

  /** Shows the photo that is kept. */
  async look() {
    const { records } = this;
    const bytes = await photoOf(records);
    if (records === this.records) await this.draw(bytes);
  }

  /** @param {Uint8Array | null} bytes */
  async draw(bytes) {
    this.isThere = bytes !== null;
    part("paper-preview").hidden = part("paper-drop").hidden = part("paper-again").hidden = !this.isThere;
    part("paper-take").hidden = this.isThere;
    if (bytes) await preview(bytes, part("paper-preview"));
  }
}

/** The word for what went wrong with a photo. @param {Error} error */
export function troubleWith(error) {
  if (error instanceof UnreadablePicture) return "paperUnreadable";
  if (error instanceof TooManyPhotos) return "paperTooMany";
  if (error.name === "QuotaExceededError") return "paperFull";
  console.error(error);
  return "paperNotKept";
}
