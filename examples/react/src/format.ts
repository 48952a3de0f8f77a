// Values as texts, in the language and the format of the browser.

const DATE = new Intl.DateTimeFormat(undefined, { dateStyle: "medium" });
const UNITS = ["byte", "kilobyte", "megabyte", "gigabyte"];

export const formatDate = (date: string) => DATE.format(new Date(date));

/** Return a number of bytes such as "26 bytes" or "1.5 MB". */
export function formatBytes(bytes: number): string {
  const power = bytes > 0 ? Math.min(Math.floor(Math.log(bytes) / Math.log(1024)), UNITS.length - 1) : 0;
  const unitDisplay = power === 0 ? "long" : "short";
  const format = { style: "unit", unit: UNITS[power], unitDisplay, maximumFractionDigits: 1 } as const;
  return new Intl.NumberFormat(undefined, format).format(bytes / 1024 ** power);
}

/** Return options whose texts are their values. */
export const toOptions = (values: readonly string[]) => Object.fromEntries(values.map((value) => [value, value]));
