/** The public names, nothing else. */
export const version = '0.1.0';
