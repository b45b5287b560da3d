/** The longest that a timer of Node can wait, in milliseconds, 24 days; a longer one would end at once (Node: `setTimeout`). */
export const timerMsMax: number = 2 ** 31 - 1;
