/** Tools for testing programs that use leasehold. */
export {};
