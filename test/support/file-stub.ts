/** Files in memory that fail when told to. */
import type { FileStore, StoredText } from '../../src/file-store.js';

export class FileStub implements FileStore {
  readonly texts = new Map<string, string>();
  failure: Error | undefined;
  attempts = 0;

  async read(path: string): Promise<StoredText | undefined> {
    const text = this.texts.get(path);
    return text === undefined ? undefined : { text, modified: 1_000 };
  }

  async sweep(): Promise<void> {}

  async replace(path: string, text: string): Promise<void> {
    this.attempts += 1;
    if (this.failure !== undefined) throw this.failure;
    this.texts.set(path, text);
  }
}
