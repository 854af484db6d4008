import { DetectedObject } from '../../shared/detected-object';

export interface ObjectFilter {
  readonly confidence: number;
  readonly hiddenClasses: ReadonlySet<number>;
}

export interface ClassCount {
  readonly classId: number;
  readonly name: string;
  readonly count: number;
}

/** The objects that pass, and how many do not, and why. */
export interface FilteredObjects {
  readonly shown: readonly DetectedObject[];
  readonly below: number;
  readonly hiddenByClass: number;
}

export function filteredObjects(
  objects: readonly DetectedObject[],
  filter: ObjectFilter,
): FilteredObjects {
  const above = objects.filter((object) => isConfident(object, filter.confidence));
  const shown = above.filter(({ classId }) => !filter.hiddenClasses.has(classId));
  return {
    shown,
    below: objects.length - above.length,
    hiddenByClass: above.length - shown.length,
  };
}

/** All classes of an answer by name, with how many objects are confident enough. */
export function classCounts(
  objects: readonly DetectedObject[],
  confidence: number,
): readonly ClassCount[] {
  const counts = new Map<number, ClassCount>();
  for (const object of objects) {
    const { classId, name } = object;
    const before = counts.get(classId)?.count ?? 0;
    const count = before + (isConfident(object, confidence) ? 1 : 0);
    counts.set(classId, { classId, name, count });
  }
  return [...counts.values()].sort((one, other) => one.name.localeCompare(other.name));
}

function isConfident(object: DetectedObject, confidence: number): boolean {
  return (object.confidence ?? 1) >= confidence;
}
