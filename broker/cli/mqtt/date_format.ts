/**
 * Dates as `strftime` of C writes them, in its English locale.
 *
 * @module
 */

/** A point in time where the machine is. */
export type LocalTime = Temporal.ZonedDateTime;

const DAYS = [
  "Monday",
  "Tuesday",
  "Wednesday",
  "Thursday",
  "Friday",
  "Saturday",
  "Sunday",
];
const MONTHS = [
  "January",
  "February",
  "March",
  "April",
  "May",
  "June",
  "July",
  "August",
  "September",
  "October",
  "November",
  "December",
];

/** Letter -> what it stands for. `N` is an extension: nanoseconds. */
const LETTERS: Readonly<Record<string, (time: LocalTime) => string>> = {
  a: (time) => DAYS[time.dayOfWeek - 1].slice(0, 3),
  A: (time) => DAYS[time.dayOfWeek - 1],
  b: (time) => MONTHS[time.month - 1].slice(0, 3),
  B: (time) => MONTHS[time.month - 1],
  c: (time) => formatDate("a b e H:M:S Y", time),
  C: (time) => pad(Math.floor(time.year / 100)),
  d: (time) => pad(time.day),
  D: (time) => formatDate("m/d/y", time),
  e: (time) => `${time.day}`.padStart(2),
  F: (time) => formatDate("Y-m-d", time),
  g: (time) => pad((time.yearOfWeek ?? time.year) % 100),
  G: (time) => `${time.yearOfWeek ?? time.year}`,
  h: (time) => MONTHS[time.month - 1].slice(0, 3),
  H: (time) => pad(time.hour),
  I: (time) => pad(time.hour % 12 || 12),
  j: (time) => pad(time.dayOfYear, 3),
  k: (time) => `${time.hour}`.padStart(2),
  l: (time) => `${time.hour % 12 || 12}`.padStart(2),
  m: (time) => pad(time.month),
  M: (time) => pad(time.minute),
  n: () => "\n",
  N: nanoseconds,
  p: (time) => time.hour < 12 ? "AM" : "PM",
  P: (time) => time.hour < 12 ? "am" : "pm",
  r: (time) => formatDate("I:M:S p", time),
  R: (time) => formatDate("H:M", time),
  s: (time) => `${Math.floor(time.epochMilliseconds / 1000)}`,
  S: (time) => pad(time.second),
  t: () => "\t",
  T: (time) => formatDate("H:M:S", time),
  u: (time) => `${time.dayOfWeek}`,
  U: (time) => pad(Math.floor((time.dayOfYear + 6 - time.dayOfWeek % 7) / 7)),
  V: (time) => pad(time.weekOfYear ?? 0),
  w: (time) => `${time.dayOfWeek % 7}`,
  W: (time) => pad(Math.floor((time.dayOfYear + 7 - time.dayOfWeek) / 7)),
  x: (time) => formatDate("m/d/y", time),
  X: (time) => formatDate("H:M:S", time),
  y: (time) => pad(time.year % 100),
  Y: (time) => `${time.year}`,
  z: (time) => time.offset.replace(":", ""),
  Z: zoneName,
};

/**
 * What a letter of a date format stands for.
 *
 * @param letter The letter, as in `%Y`.
 * @returns How to write it, or `undefined` if there is no such letter.
 */
export function dateField(
  letter: string,
): ((time: LocalTime) => string) | undefined {
  return Object.hasOwn(LETTERS, letter) ? LETTERS[letter] : undefined;
}

/**
 * Writes a time.
 *
 * @param format Letters of {@linkcode dateField} and other characters.
 * @param time The time.
 * @returns The text.
 */
export function formatDate(format: string, time: LocalTime): string {
  return format.replace(/[A-Za-z]/g, (letter) => LETTERS[letter](time));
}

/** The nanoseconds of a time's second, nine digits. */
export function nanoseconds(time: LocalTime): string {
  return pad(time.millisecond, 3) + pad(time.microsecond, 3) +
    pad(time.nanosecond, 3);
}

function zoneName(time: LocalTime): string {
  const parts = time.toLocaleString("en", { timeZoneName: "short" });
  return parts.slice(parts.lastIndexOf(" ") + 1);
}

function pad(value: number, width = 2): string {
  return `${value}`.padStart(width, "0");
}
