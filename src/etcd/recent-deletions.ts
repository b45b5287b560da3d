/** Which keys beside ours were deleted lately: what is written may be gone before the write is answered. */
import { isAfter, type Revision } from '../../machines/index.js';

/** The most deletions that are remembered one by one. */
const rememberedMax = 1_000;

/** Bounded: of what was forgotten, it keeps up to which revision it cannot tell. */
export class RecentDeletions {
  readonly #deletedAt = new Map<string, Revision>();
  #forgottenUntil: Revision = '0';

  /** Deletions as a watch tells them; those of one key in order. */
  add(deletions: readonly { readonly key: string; readonly modRevision: Revision }[]): void {
    for (const { key, modRevision } of deletions) {
      this.#deletedAt.delete(key);
      this.#deletedAt.set(key, modRevision);
    }
    for (const [key, revision] of this.#deletedAt) {
      if (this.#deletedAt.size <= rememberedMax) return;
      this.#deletedAt.delete(key);
      if (isAfter(revision, this.#forgottenUntil)) this.#forgottenUntil = revision;
    }
  }

  /** False only if the key was certainly not deleted, so far as is heard, after it was written at this revision. */
  mayBeGone(key: string, writtenAt: Revision): boolean {
    return isAfter(this.#deletedAt.get(key) ?? this.#forgottenUntil, writtenAt);
  }
}
