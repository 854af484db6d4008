/** How many objects of one class were found. `classId` is null when the class is not known. */
export interface ClassCount {
  readonly name: string;
  readonly count: number;
  readonly classId: number | null;
}

/** The counts in the order of the model's classes; those that it does not know come last, by name. */
export function classCounts(
  counts: Readonly<Record<string, number>>,
  classes: readonly string[],
): ClassCount[] {
  return Object.entries(counts)
    .map(([name, count]) => ({ name, count, classId: idOf(name, classes) }))
    .sort((a, b) => place(a) - place(b) || a.name.localeCompare(b.name));
}

function idOf(name: string, classes: readonly string[]): number | null {
  const id = classes.indexOf(name);
  return id < 0 ? null : id;
}

function place(one: ClassCount): number {
  return one.classId ?? Number.MAX_SAFE_INTEGER;
}

/** `31–92 %`, or one number when both are the same; null when nothing was found. */
export function confidenceRange(lowest: number | null, highest: number | null): string | null {
  if (lowest === null || highest === null) return null;
  const [from, to] = [lowest, highest].map((share) => Math.round(share * 100));
  return from === to ? `${from} %` : `${from}–${to} %`;
}
