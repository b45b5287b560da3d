/** How one handling is taken out of the code: what is replaced where, and which tests have to notice. */

export interface Edit {
  readonly file: string;
  /** Occurs once in the file. */
  readonly find: string;
  readonly replace: string;
}

export interface Removal {
  /** The defect that is back without the handling. */
  readonly defect: string;
  /** What the code does then. */
  readonly what: string;
  readonly edits: readonly Edit[];
  /** The file whose test has the defect in its title. */
  readonly test: string;
}
